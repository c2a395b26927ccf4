'use strict';

/** @returns {number | null} null for an empty list and where a reading is missing */
function median(values) {
  if (values.length === 0 || values.some((value) => value === null)) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** How far the rounds lie apart, as a share of their median. */
function spread(values) {
  const middle = median(values);
  return middle === null || middle === 0 ? null : (Math.max(...values) - Math.min(...values)) / middle;
}

/** The ratios round by round: what drifts between rounds cancels out. Empty where a reading is missing. */
function pairedRatios(rounds, otherRounds, figure) {
  const pairs = rounds
    .slice(0, otherRounds.length)
    .map((round, i) => [round[figure], otherRounds[i][figure]]);
  return pairs.every(([a, b]) => a !== null && b) ? pairs.map(([a, b]) => a / b) : [];
}

module.exports = { median, spread, pairedRatios };
