// Firmware versions compared. Facts: the family's README.

/** Community firmware numbers itself so, and counts like the vendor's of the other number. */
const community = { beginning: "99.", counts: "01.08.02.00" };

/** Whether a version is the given one or newer. Malformed parts count as 0. */
export function atLeast(version: string, first: string): boolean {
  const [own, least] = [parts(version.startsWith(community.beginning) ? community.counts : version), parts(first)];
  const index = least.findIndex((part, place) => part !== (own[place] ?? 0));
  return index === -1 || (own[index] ?? 0) > (least[index] ?? 0);
}

function parts(version: string): readonly number[] {
  return version.split(".").map((part) => Number.parseInt(part, 10) || 0);
}
