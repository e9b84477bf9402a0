// Why a camera gives no picture, as anybody may read it: on slates, in answers, in the log. It does not
// find the words: they come with the error, and parts of them may have come from the camera itself.

/** Longest reason that is told, characters. */
const maxLength = 300;

/** One line without logins and queries of addresses, where passwords and tokens stand. */
export function reasonOf(error: unknown): string {
  const words = (error instanceof Error ? error.message : String(error)).replaceAll(/[\s\p{Cc}]+/gu, " ").trim();
  const safe = words
    .replaceAll(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/]*@/giu, "$1")
    .replaceAll(/(\/[^\s?#"'<>]*)\?[^\s"'<>]+/gu, "$1");
  return safe.length <= maxLength ? safe : `${safe.slice(0, maxLength - 1)}…`;
}
