import type { Fault, ReceivedRequest } from "./registry-faults.ts";

/** An answer before anything goes wrong with it. */
export interface Content {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

export function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

export function failure(status: number, code: string, message: string): Content {
  return {
    status,
    headers: { "content-type": "application/json" },
    body: Buffer.from(JSON.stringify({ errors: [{ code, message }] })),
  };
}

export function challenge(header: string): Content {
  const content = failure(401, "UNAUTHORIZED", "authentication required");
  content.headers["www-authenticate"] = header;
  return content;
}

export function faked(fault: Extract<Fault, { kind: "answer" }>): Content {
  return {
    status: fault.status,
    headers: { ...fault.headers },
    body: typeof fault.body === "string" ? Buffer.from(fault.body) : (fault.body ?? new Uint8Array()),
  };
}

export function ranged(blob: Uint8Array, digest: string, header: string | undefined): Content {
  const headers: Record<string, string> = {
    "content-type": "application/octet-stream",
    "docker-content-digest": digest,
    "accept-ranges": "bytes",
  };
  const match = /^bytes=(\d+)-(\d*)$/.exec(header ?? "");
  if (match === null) return { status: 200, headers, body: blob };
  const first = Number(match[1]);
  const last = match[2] === "" ? blob.length - 1 : Math.min(Number(match[2]), blob.length - 1);
  if (first > last)
    return {
      status: 416,
      headers: { "content-range": `bytes */${blob.length}` },
      body: new Uint8Array(),
    };
  headers["content-range"] = `bytes ${first}-${last}/${blob.length}`;
  return { status: 206, headers, body: blob.subarray(first, last + 1) };
}

/** What the registry at `host` answers. */
export async function passedOn(
  host: string,
  { method, path, headers }: ReceivedRequest,
  ranges: boolean,
): Promise<Content> {
  const { accept, range } = headers;
  const answer = await fetch(`http://${host}${path}`, {
    method,
    headers: {
      ...(accept === undefined ? {} : { accept }),
      ...(ranges && range !== undefined ? { range } : {}),
    },
  });
  const kept = ["content-type", "content-range", "docker-content-digest", "accept-ranges"];
  return {
    status: answer.status,
    headers: Object.fromEntries(
      kept.flatMap((name) => (answer.headers.has(name) ? [[name, answer.headers.get(name)!]] : [])),
    ),
    body: new Uint8Array(await answer.arrayBuffer()),
  };
}
