/**
 * The role `internal-copy`: sends or receives files of one container, as root of its user namespace. It works by
 * descriptors that were opened inside the container's root, so that no link leads it out whoever exchanges names
 * meanwhile (CVE-2018-15664, CVE-2019-10152), and it runs nothing that the container has (CVE-2019-14271).
 */
import { O } from "../../sys/kernel-numbers.ts";
import { readFileSync, writeSync } from "node:fs";
import { decompress } from "../../archive/layer/decompress.ts";
import { ExtractionNotes } from "../../archive/layer/extraction-notes.ts";
import { ownerPolicyFrom } from "../../archive/layer/owner-policy.ts";
import { readTar } from "../../archive/layer/read-tar.ts";
import { BerthError, systemErrorCode } from "../../base/errors.ts";
import { dataDescriptor } from "../../snapshot/worker-protocol.ts";
import { answerRequest } from "../../snapshot/worker-talk.ts";
import { type ByteString, displayName } from "../../sys/byte-string.ts";
import { fileSyscalls as calls } from "../../sys/file-syscalls.ts";
import { AT_FDCWD, openAt } from "../../sys/libc.ts";
import { isAlive } from "../../sys/process-identity.ts";
import { MountInterpreter } from "../mount-interpreter.ts";
import { populateVolume } from "../populate-volume.ts";
import { containerTree } from "./locate.ts";
import type { CopyPlace, CopyRequest, CopyResult } from "./protocol.ts";
import { CopyReceiver, type ReceiveRequest } from "./receive.ts";
import { sendTree } from "./send.ts";

export function copyWorkerMain(): Promise<number> {
  return answerRequest<CopyRequest>(perform);
}

async function perform({ place, container, work }: CopyRequest): Promise<CopyResult> {
  const tree = containerTree(calls, openRoot(place, container));
  const missing = (path: ByteString) =>
    new BerthError("not-found", `Could not find the file ${displayName(path)} in container ${container}`);
  if (work.kind === "send") {
    for (const piece of sendTree(tree, work, missing))
      for (let done = 0; done < piece.length; ) done += writeSync(dataDescriptor, piece, done);
    return { size: 0, notes: [] };
  }
  const notes = new ExtractionNotes();
  const shown = `${container}:${displayName(work.destination.path)}`;
  const side = { tree, owners: ownIds(), owning: "all" as const, notes, shown, missingParent: missing };
  return { size: await receive(work, side), notes: notes.lines() };
}

async function receive(
  request: ReceiveRequest,
  side: ConstructorParameters<typeof CopyReceiver>[1],
): Promise<number> {
  using receiver = new CopyReceiver(request, side);
  await readTar(
    decompress(dataDescriptor, () => {}),
    receiver,
  );
  receiver.finish();
  return receiver.size;
}

function openRoot(place: CopyPlace, container: string): number {
  if (place.kind === "running") {
    try {
      const root = openAt(AT_FDCWD, `/proc/${place.process.pid}/root`, O.PATH | O.DIRECTORY);
      // Only now it is certain whose root it is: the pid may have been another's for a while.
      if (isAlive(place.process)) return root;
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT") throw error; // else it is on its way out
    }
    throw new BerthError("conflict", `container ${container} has just stopped`, { hint: "try again" });
  }
  const interpreter = new MountInterpreter({ populate: populateVolume });
  interpreter.perform({ kind: "root", root: place.root });
  for (const mount of place.mounts) interpreter.perform(mount);
  return interpreter.root;
}

const ownIds = () =>
  ownerPolicyFrom(readFileSync("/proc/self/uid_map", "utf8"), readFileSync("/proc/self/gid_map", "utf8"));
