/** What `run` needs once the namespaces are on their way: loading it takes as long as they do. */
export { containerSpec } from "./container-spec.ts";
export { createContainer } from "./create-container.ts";
export { obtainImage } from "./obtain-image.ts";
export { startRequest } from "./start-request.ts";
