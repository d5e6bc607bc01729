/** What `run` needs once the namespaces are on their way: loading it takes as long as they do. */
export { createContainer } from "./create-container.ts";
export { obtainImage } from "./obtain-image.ts";
export { prepareStart } from "./prepare-start.ts";
