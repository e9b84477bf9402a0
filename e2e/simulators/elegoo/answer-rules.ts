// Something that happens to the answers of a simulated Centauri Carbon. What happens is the caller's.

export interface AnswerRule {
  /** The command or method it is for; undefined: every one. */
  readonly number: number | undefined;
  timesLeft: number;
}

/** A rule from the parameters of a fault. */
export function answerRule(number: unknown, times: unknown): AnswerRule {
  return { number: typeof number === "number" ? number : undefined, timesLeft: Number(times) };
}

/** Whether the rule is for this command or method, counting it down when it is. */
export function applies(rule: AnswerRule | undefined, number: number): boolean {
  if (rule === undefined || rule.timesLeft <= 0) return false;
  if (rule.number !== undefined && rule.number !== number) return false;
  rule.timesLeft -= 1;
  return true;
}
