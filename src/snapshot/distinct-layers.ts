/**
 * Layers of an image, each once: the kernel refuses a directory that an overlay has twice (ELOOP). One that comes again
 * counts where it is highest: all that it has further down, it has there, and it hides as much.
 */
export function distinctLayers(layers: readonly string[]): readonly string[] {
  return layers.filter((layer, at) => layers.lastIndexOf(layer) === at);
}
