/** The folders of the packages that are published, each after those that it depends on. */
export const packages = [
  'core',
  'repositories',
  'search',
  'brokers',
  'telemetry',
  'console',
  'cli',
  'testing',
]
