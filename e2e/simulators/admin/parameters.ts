// Checks what a caller of the admin interface sent against a fault's own table of parameters.

import type { ParameterRule, Parameters } from "../simulator.ts";

/** What was wrong with an admin request, in words that say what is legal. */
export class AdminInputError extends Error {
  override readonly name = "AdminInputError";
}

/**
 * Fills in defaults and refuses unknown keys and values out of bounds.
 *
 * @throws AdminInputError naming the key and what is legal.
 */
export function checkParameters(
  given: Readonly<Record<string, unknown>>,
  rules: Readonly<Record<string, ParameterRule>>,
): Parameters {
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(rules, key)) {
      const legal = Object.keys(rules).join(", ") || "none";
      throw new AdminInputError(`"${key}" is not a parameter here; legal: ${legal}`);
    }
  }
  const checked: Record<string, string | number | boolean> = {};
  for (const [key, rule] of Object.entries(rules)) {
    const value = given[key] ?? rule.default;
    if (value === undefined && rule.optional === true) continue;
    checked[key] = checkValue(key, value, rule);
  }
  return checked;
}

function checkValue(key: string, value: unknown, rule: ParameterRule): string | number | boolean {
  switch (rule.kind) {
    case "number":
      if (typeof value === "number" && value >= rule.minimum && value <= rule.maximum) return value;
      throw new AdminInputError(`"${key}" must be a number from ${rule.minimum} to ${rule.maximum}`);
    case "boolean":
      if (typeof value === "boolean") return value;
      throw new AdminInputError(`"${key}" must be true or false`);
    case "text":
      if (typeof value === "string") return value;
      throw new AdminInputError(`"${key}" must be a string`);
    case "choice":
      if ((typeof value === "string" || typeof value === "number") && rule.values.includes(value)) return value;
      throw new AdminInputError(
        `"${key}" must be one of ${rule.values.map((item) => JSON.stringify(item)).join(", ")}`,
      );
    default:
      return rule satisfies never;
  }
}
