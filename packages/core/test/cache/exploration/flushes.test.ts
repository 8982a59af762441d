import { exploreEach } from './exploration-fixture.ts'
import { flushes } from './explored-flushes.ts'

exploreEach(flushes, [
  'begin a flush',
  'replace the marker',
  'delete the intents of a flush',
  'give up a flush',
  'read the marker',
  'the marker is evicted',
])
