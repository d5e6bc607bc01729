/** What `run` needs once the namespaces are on their way: loading it takes as long as they do. */
export { obtainImage } from "./obtain-image.ts";
export { prepareContainer } from "./prepare-container.ts";
