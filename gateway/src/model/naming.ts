// One canonical camelCase name and its spelling on every surface.

function words(name: string): string[] {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/gu, "$1 $2")
    .split(/[\s._-]+/u)
    .map((word) => word.toLowerCase());
}

/** `setHeaterTarget` → `set-heater-target`: REST paths and CLI. */
export function kebabCase(name: string): string {
  return words(name).join("-");
}

/** `setHeaterTarget` → `set_heater_target`: MCP tools, MQTT topics, metric names. */
export function snakeCase(name: string): string {
  return words(name).join("_");
}

/** `job.progressRatio` → `gantry_job_progress_ratio`. */
export function metricName(key: string): string {
  return `gantry_${snakeCase(key)}`;
}
