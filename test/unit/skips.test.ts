import { expect, test } from 'vitest';
import { unexpectedSkips } from '../helpers/skips.js';

const summary = (...lines: string[]) =>
  ['short test summary info', ...lines, '2 passed, 3 skipped in 7.97s'].join('\n');

test('what a test needs and does not find is told with its place', () => {
  const kafka = "tests/kafka_broker.py:129: Maven can't bring Kafka's jars: no network";
  const spark = 'tests/integration/features/test_spark.py:74: pyspark is not installed: uv sync --extra spark';
  const output = summary(`SKIPPED [12] ${kafka}`, `SKIPPED [1] ${spark}`);
  expect(unexpectedSkips(output)).toEqual([kafka, spark]);
});

test('what no machine of CI has is expected, where it is not the task that brings it', () => {
  const line = 'tests/unit/features/optional/test_expectations.py:56: needs `uv sync --extra expectations`';
  const container =
    'tests/integration/agents/sandbox/test_bombs.py:38: container: agentic.sandbox.container_image names no image with Python';
  const output = summary(
    'SKIPPED [1] tests/unit/test_sqlite.py:126: this user may write everywhere',
    `SKIPPED [4] ${line}`,
    `SKIPPED [1] ${container}`,
  );
  expect(unexpectedSkips(output)).toEqual([]);
  expect(unexpectedSkips(output, [/write everywhere/])).toEqual([line, container]);
});
