import { invalidImage } from "../oci/document.ts";

/**
 * The canonical name of an archive member: no leading `./` or `/`, no empty components. Names that lead out of the
 * archive are refused with `invalid-image`.
 */
export function memberName(name: string): string {
  const parts: string[] = [];
  for (const part of name.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (parts.pop() === undefined) {
        throw invalidImage(`archive member ${JSON.stringify(name.slice(0, 200))} leads out of the archive`);
      }
    } else {
      parts.push(part);
    }
  }
  return parts.join("/");
}

/** Where a symbolic link in the member `from` leads, within the archive; an absolute target is refused. */
export function symlinkTarget(from: string, target: string): string {
  if (target.startsWith("/")) {
    throw invalidImage(
      `archive member ${JSON.stringify(from)} links to ${JSON.stringify(target.slice(0, 200))}`,
    );
  }
  const directory = from.split("/").slice(0, -1).join("/");
  return memberName(`${directory}/${target}`);
}
