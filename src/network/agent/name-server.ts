import { nameServerAddress } from "../name-server-address.ts";
import { addressBytes } from "../subnet.ts";
import {
  addressOfReverseName,
  answerTo,
  encodeName,
  type Question,
  readQuestion,
  recordType,
  responseCode,
} from "./dns-message.ts";
import type { Answer } from "./protocol.ts";

const port = 53;
/** Milliseconds that another resolver may take. */
const patience = 5_000;

export interface NameSource {
  /** What the networks of the container know about a name, or about an address; empty is nothing. */
  lookUp(name: string): Promise<Answer>;
  /** Resolvers for everything else. */
  readonly nameservers: readonly string[];
}

/** Answers the names of neighbours, over UDP and TCP, and hands every other question on. */
export async function serveNames(source: NameSource): Promise<void> {
  await Bun.udpSocket({
    hostname: nameServerAddress,
    port,
    socket: {
      async data(socket, query, clientPort, clientAddress) {
        const answer = await answerQuery(query, source, askByUdp);
        if (answer) socket.send(answer, clientPort, clientAddress);
      },
      error() {}, // who asked has gone
    },
  });
  Bun.listen<{ received: Buffer }>({
    hostname: nameServerAddress,
    port,
    socket: {
      open(socket) {
        socket.data = { received: Buffer.alloc(0) };
      },
      async data(socket, bytes) {
        socket.data.received = Buffer.concat([socket.data.received, bytes]);
        for (let query = takeMessage(socket.data); query; query = takeMessage(socket.data)) {
          const answer = await answerQuery(query, source, askByTcp);
          if (answer) socket.write(withLength(answer));
        }
      },
      error() {},
    },
  });
}

type Ask = (server: string, query: Uint8Array) => Promise<Uint8Array>;

async function answerQuery(query: Uint8Array, source: NameSource, ask: Ask): Promise<Uint8Array | undefined> {
  const question = readQuestion(query);
  if (question === undefined) return undefined;
  const own = await ownRecords(question, source);
  if (own) return answerTo(query, question, own);
  for (const server of source.nameservers) {
    try {
      return await ask(server, query);
    } catch {
      // the next one
    }
  }
  return answerTo(query, question, [], responseCode.serverFailure);
}

/** Undefined when the name is nobody's here. */
async function ownRecords(question: Question, source: NameSource): Promise<Uint8Array[] | undefined> {
  if (question.type === recordType.PTR) {
    const address = addressOfReverseName(question.name);
    const names = address === undefined ? undefined : (await source.lookUp(address)).names;
    return names?.map(encodeName);
  }
  const { addresses } = await source.lookUp(question.name);
  if (addresses === undefined) return undefined;
  const size = question.type === recordType.A ? 4 : question.type === recordType.AAAA ? 16 : 0;
  return addresses
    .map((address) => Uint8Array.from(addressBytes(address)))
    .filter(({ length }) => length === size);
}

async function askByUdp(server: string, query: Uint8Array): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const socket = await Bun.udpSocket({
    connect: { hostname: server, port },
    socket: {
      data: (_, answer) => {
        if (answer[0] === query[0] && answer[1] === query[1]) resolve(answer);
      },
      error: (_, error) => reject(error),
    },
  });
  const timer = setTimeout(() => reject(new Error("no answer")), patience);
  try {
    socket.send(query);
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}

async function askByTcp(server: string, query: Uint8Array): Promise<Uint8Array> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const state = { received: Buffer.alloc(0) };
  const socket = await Bun.connect({
    hostname: server,
    port,
    socket: {
      data(_, bytes) {
        state.received = Buffer.concat([state.received, bytes]);
        const answer = takeMessage(state);
        if (answer) resolve(answer);
      },
      close: () => reject(new Error("no answer")),
      error: (_, error) => reject(error),
    },
  });
  const timer = setTimeout(() => reject(new Error("no answer")), patience);
  try {
    socket.write(withLength(query));
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.end();
  }
}

/** Over TCP every message has its length in front (RFC 1035, section 4.2.2). */
function withLength(message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([message.length >> 8, message.length & 255]), message]);
}

function takeMessage(stream: { received: Buffer }): Uint8Array | undefined {
  const { received } = stream;
  if (received.length < 2) return undefined;
  const end = 2 + received.readUInt16BE(0);
  if (received.length < end) return undefined;
  stream.received = received.subarray(end);
  return received.subarray(2, end);
}
