/** A client that has been silent for so long (milliseconds) is forgotten; Docker waits as long. */
const forgetAfter = 90_000;

interface Conversation {
  readonly inside: Bun.udp.ConnectedSocket<"buffer">;
  forget: Timer;
}

/** Makes a socket inside that talks with the container's port. */
export type UdpDial = (answer: (data: Uint8Array) => void) => Promise<Bun.udp.ConnectedSocket<"buffer">>;

/** Receives on the host, and talks with the container for every client by a socket of its own, so that answers find back. */
export function forwardUdp(address: string, port: number, dial: UdpDial): Promise<Bun.udp.Socket<"buffer">> {
  const conversations = new Map<string, Promise<Conversation>>();
  return Bun.udpSocket({
    hostname: address,
    port,
    socket: {
      async data(outside, data, clientPort, clientAddress) {
        const key = `${clientAddress} ${clientPort}`;
        const forget = () => {
          const gone = conversations.get(key);
          conversations.delete(key);
          gone?.then(
            ({ inside }) => inside.close(),
            () => undefined,
          );
        };
        let conversation = conversations.get(key);
        if (conversation === undefined) {
          conversation = dial((reply) => outside.send(reply, clientPort, clientAddress)).then((inside) => ({
            inside,
            forget: setTimeout(forget, forgetAfter),
          }));
          conversations.set(key, conversation);
        }
        try {
          const { inside, forget: timer } = await conversation;
          timer.refresh();
          inside.send(data);
        } catch {
          conversations.delete(key); // the next datagram tries again; this one is lost, as datagrams may be
        }
      },
      error() {}, // an earlier answer could not be delivered, or nobody listens inside (ICMP)
    },
  });
}
