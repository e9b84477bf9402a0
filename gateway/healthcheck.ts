// The containers' health check: asks /healthz on loopback, says nothing, exits 0 or 1. It asks
// the process, never the printers. The argument is the port, or the name of the variable that
// holds it followed by its default: `healthcheck.ts GANTRY_HTTP_PORT 8787`.

const [name = "", standard = ""] = process.argv.slice(2);
const port = process.env[name] || standard || name;
try {
  const response = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(4000) });
  process.exitCode = response.ok ? 0 : 1;
} catch {
  // Nobody listens, or nobody answers in time: both are what "unhealthy" means.
  process.exitCode = 1;
}
