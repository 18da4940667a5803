/** Save a list of the daemon as a CSV file. */

import { getText, type Query } from "../api/client";

export async function saveCsv(path: string, name: string, query?: Query): Promise<void> {
  const text = await getText(path, "text/csv", query);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
