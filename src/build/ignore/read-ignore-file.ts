import { trim } from "../syntax/whitespace.ts";
import { cleanPath } from "./clean-path.ts";

/** The patterns of a .dockerignore file: one a line, cleaned, relative to the context; `#` starts a comment. */
export function readIgnoreFile(text: string): string[] {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  return lines.flatMap((line) => {
    const trimmed = trim(line);
    if (line.startsWith("#") || trimmed === "") return [];
    if (!trimmed.startsWith("!")) return [relative(trimmed)];
    return [`!${relative(trim(trimmed.slice(1)))}`];
  });
}

function relative(pattern: string): string {
  if (pattern === "") return "";
  const clean = cleanPath(pattern);
  return clean.length > 1 && clean.startsWith("/") ? clean.slice(1) : clean;
}
