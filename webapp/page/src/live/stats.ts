// Frames a second and latency over the last seconds. Pure: times come in.

/** Milliseconds looked back. */
const WINDOW = 3000;

export interface Stats {
  /** Painted frames a second. */
  fps: number;
  /** Milliseconds from the camera's frame to its painting: median, and what 95 % of the frames stay below. */
  p50: number;
  p95: number;
}

export interface Meter {
  /** A frame was painted `at` a time, so long after it was taken. Milliseconds. */
  add(at: number, latencyMs: number): void;
  read(now: number): Stats;
  clear(): void;
}

export function createMeter(): Meter {
  let painted: { at: number; latencyMs: number }[] = [];
  const forget = (now: number) => (painted = painted.filter(({ at }) => now - at <= WINDOW));
  return {
    add(at, latencyMs) {
      forget(at);
      painted.push({ at, latencyMs });
    },
    read(now) {
      forget(now);
      const latencies = painted.map(({ latencyMs }) => latencyMs);
      return {
        fps: rate(painted.map(({ at }) => at)),
        p50: percentile(latencies, 0.5),
        p95: percentile(latencies, 0.95),
      };
    },
    clear() {
      painted = [];
    },
  };
}

/** Events a second from their times in order: one less than their number over the time between the first and the last. */
export function rate(times: number[]): number {
  const span = times.length > 1 ? times[times.length - 1] - times[0] : 0;
  return span > 0 ? (1000 * (times.length - 1)) / span : 0;
}

/** The nearest-rank percentile: the smallest value that a share of all values does not exceed; 0 of none. */
export function percentile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}
