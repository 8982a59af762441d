import { exploreAll } from './exploration-fixture.ts'
import { flushes } from './explored-flushes.ts'

exploreAll(flushes, [
  'begin a flush',
  'replace the marker',
  'delete the intents of a flush',
  'give up a flush',
  'read the marker',
  'the marker is evicted',
])
