import { type ByteString, displayName } from "../../sys/byte-string.ts";
import type { FileSyscalls } from "../../sys/file-syscalls.ts";
import { SystemCallError } from "../../sys/system-call-error.ts";
import type { ExtractionNotes } from "./extraction-notes.ts";
import { fileSystemError } from "./file-system-error.ts";
import type { LayerEntry } from "./layer-entry.ts";
import { type OwnerPolicy, overrideAttribute, type StoredOwner, storedOwner } from "./owner-policy.ts";

/** Attributes by which an image could steer overlay mounts or lie about owners; they never come from an archive. */
const controlAttributes = [
  "user.overlay.",
  "trusted.overlay.",
  "user.fuseoverlayfs.",
  "security.fuseoverlayfs.",
  "user.containers.",
  "user.berth.",
];

export function isControlAttribute(name: ByteString): boolean {
  return controlAttributes.some((prefix) => name.startsWith(prefix));
}

/**
 * Whose files are given away: `others`, where everything is made as 0:0 and need not be given to root; `all`, where a
 * directory may pass its group on or root is not who makes them; `none`, where everything stays its maker's.
 */
export type Owning = "others" | "all" | "none";

/** Gives files their owner, mode, extended attributes and time, in the order in which each survives the next. */
export class MetadataWriter {
  constructor(
    private readonly calls: FileSyscalls,
    private readonly owners: OwnerPolicy,
    private readonly notes: ExtractionNotes,
    private readonly owning: Owning = "others",
  ) {}

  /** For a file just made by this process. */
  applyToFile(fd: number, entry: LayerEntry): void {
    this.#apply(fd, entry, entry.mode);
  }

  /** In one-id mode a directory keeps `u+rwx`, so that the user can work in it and remove it. */
  applyToDirectory(fd: number, entry: LayerEntry): void {
    this.#apply(fd, entry, this.owners.single ? entry.mode | 0o700 : entry.mode);
  }

  /**
   * For the root of the layer. It stays the user's own with `u+rwx` in every id mode, because renaming a directory
   * into another one needs write permission on it (rename(2)) and images with a root of mode 0555 are common; what
   * it should be is in the override attribute.
   */
  applyToRoot(fd: number, entry: LayerEntry): void {
    const { mode, uid, gid } = entry;
    this.#apply(fd, { ...entry, uid: 0, gid: 0, mode: mode | 0o700 }, mode | 0o700);
    if (uid === 0 && gid === 0 && (mode & 0o700) === 0o700) return;
    const override = Buffer.from(`${uid}:${gid}:0${mode.toString(8)}`);
    if (this.calls.setAttribute(fd, overrideAttribute, override) < 0)
      this.notes.add("true owner not recorded", entry.name);
  }

  /**
   * For a symbolic link or FIFO, which cannot have `user.*` attributes (xattr(7)), and whose mode it was made with: to
   * change it later would follow a link that somebody put there meanwhile.
   */
  applyToName(parent: number, name: ByteString, entry: LayerEntry): void {
    const { calls } = this;
    const owner = this.#owner(entry, entry.mode);
    if (this.#givesAway(owner))
      this.#check("change the owner of", entry, calls.changeOwnerAt(parent, name, owner.uid, owner.gid));
    for (const { name: attribute } of entry.attributes)
      if (!isControlAttribute(attribute)) this.#attributeNote(attribute, "links have none", entry);
    const { seconds, nanoseconds } = entry.modified;
    this.#check("date", entry, calls.setModifiedAt(parent, name, seconds, nanoseconds));
  }

  #apply(fd: number, entry: LayerEntry, mode: number): void {
    const { calls } = this;
    const owner = this.#owner(entry, mode);
    if (this.#givesAway(owner))
      this.#check("change the owner of", entry, calls.changeOwner(fd, owner.uid, owner.gid));
    this.#check("change the mode of", entry, calls.changeMode(fd, mode));
    for (const { name, value } of entry.attributes) {
      if (isControlAttribute(name)) continue;
      const result = calls.setAttribute(fd, name, value);
      if (result < 0) this.#attributeNote(name, new SystemCallError("fsetxattr", -result).code, entry);
    }
    if (owner.override !== undefined) {
      const result = calls.setAttribute(fd, overrideAttribute, Buffer.from(owner.override));
      if (result < 0) this.notes.add("true owner not recorded", entry.name);
    }
    const { seconds, nanoseconds } = entry.modified;
    this.#check("date", entry, calls.setModified(fd, seconds, nanoseconds));
  }

  #givesAway({ uid, gid }: StoredOwner): boolean {
    return this.owning === "all" || (this.owning === "others" && (uid !== 0 || gid !== 0));
  }

  #owner(entry: LayerEntry, mode: number): StoredOwner {
    const owner = storedOwner(this.owners, entry.uid, entry.gid, entry.mode);
    if (owner.outsideMap)
      this.notes.add("owner has no id in the user's subordinate ids, root owns the file", entry.name);
    if (owner.override !== undefined || mode === entry.mode) return owner;
    return { ...owner, override: `${entry.uid}:${entry.gid}:0${entry.mode.toString(8)}` };
  }

  #attributeNote(attribute: ByteString, reason: string, entry: LayerEntry): void {
    this.notes.add(`extended attribute ${displayName(attribute)} not kept (${reason})`, entry.name);
  }

  #check(what: string, entry: LayerEntry, result: number): void {
    if (result < 0) throw fileSystemError(what, entry.name, result);
  }
}
