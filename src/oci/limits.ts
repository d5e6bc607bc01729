/** bytes; more than any real manifest, and what registries accept too */
export const maximumManifestSize = 4 * 1024 * 1024;
