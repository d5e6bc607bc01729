/** The networks that are always there, by the names that Docker has for them. They are kept nowhere. */
export const predefinedNetworks = [
  { name: "bridge", driver: "slirp4netns" },
  { name: "host", driver: "host" },
  { name: "none", driver: "null" },
] as const;

/** Words that `--network` takes for something else than a network of the user. */
const reserved = new Set<string>([
  ...predefinedNetworks.map(({ name }) => name),
  "default",
  "slirp4netns",
  "pasta",
  "container",
]);

export function isPredefined(name: string): boolean {
  return reserved.has(name);
}
