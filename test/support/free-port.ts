/** A TCP port of this machine that was free a moment ago. */
export function freePort(): number {
  const listener = Bun.listen({ hostname: "0.0.0.0", port: 0, socket: { data() {} } });
  listener.stop(true);
  return listener.port;
}
