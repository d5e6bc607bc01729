import type { FoundRepository } from "../../registry/search.ts";
import { ellipsis } from "../output/ellipsis.ts";
import { columnsOf, type RawListing } from "./listing.ts";

const headers = {
  Description: "DESCRIPTION",
  IsOfficial: "OFFICIAL",
  Name: "NAME",
  StarCount: "STARS",
};

/** What a description may take. */
const descriptionWidth = 45;

/** `search` (docker/cli registry/formatter_search.go); `words` says yes and no in full, as JSON does. */
export function searchListing({
  truncate,
  words,
}: {
  readonly truncate: boolean;
  readonly words: boolean;
}): RawListing<FoundRepository> {
  return {
    typeName: "*registry.searchContext",
    columns: columnsOf(headers, ({ name, description, stars, official }: FoundRepository) => ({
      Description: () => (truncate ? ellipsis(description, descriptionWidth) : description),
      IsOfficial: () => (words ? String(official) : official ? "[OK]" : ""),
      Name: () => name,
      StarCount: () => String(stars),
    })),
    table: ["Name", "Description", "StarCount", "IsOfficial"],
  };
}
