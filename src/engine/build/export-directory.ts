import { mkdirSync } from "node:fs";
import { splitEntryPath } from "../../archive/layer/entry-path.ts";
import { ExtractionNotes } from "../../archive/layer/extraction-notes.ts";
import { ownerPolicyFrom } from "../../archive/layer/owner-policy.ts";
import { type EntryWriter, readTar } from "../../archive/layer/read-tar.ts";
import { BerthError, messageOf } from "../../base/errors.ts";
import { parseCopyPath } from "../../container/copy/copy-path.ts";
import { hostTree } from "../../container/copy/locate.ts";
import { CopyReceiver } from "../../container/copy/receive.ts";
import { fileSyscalls } from "../../sys/file-syscalls.ts";
import type { EngineContext } from "../context.ts";

/** Every id is fine, because no file is given away. */
const callersOwn = ownerPolicyFrom("0 0 4294967295", "0 0 4294967295");

/**
 * Puts the files of a tar into a directory, which is made where it is missing; they belong to the caller. What is there and not
 * in the tar stays; no link in it is followed. Throws `denied`.
 */
export async function exportDirectory(
  context: EngineContext,
  tar: AsyncIterable<Uint8Array>,
  directory: string,
): Promise<void> {
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw new BerthError("denied", `cannot create ${directory}: ${messageOf(error)}`, { cause: error });
  }
  const notes = new ExtractionNotes();
  const missingParent = () => new BerthError("not-found", `${directory} is gone`);
  using receiver = new CopyReceiver(
    { destination: parseCopyPath(directory, "/"), manner: "unpack", keepOwners: false },
    {
      tree: hostTree(fileSyscalls),
      owners: callersOwn,
      owning: "none",
      notes,
      shown: directory,
      missingParent,
    },
  );
  await readTar(tar, withoutRoot(receiver));
  receiver.finish();
  for (const note of notes.lines()) context.warn(note);
}

/** The directory itself stays what it is. */
function withoutRoot(writer: EntryWriter): EntryWriter {
  let skipping = false;
  return {
    begin(entry) {
      skipping = splitEntryPath(entry.name).length === 0;
      if (!skipping) writer.begin(entry);
    },
    write(bytes) {
      if (!skipping) writer.write(bytes);
    },
    end() {
      if (!skipping) writer.end();
    },
  };
}
