import { exploreAll } from './exploration-fixture.ts'
import { outages } from './explored-outages.ts'

exploreAll(outages, [
  'hold fails',
  'get an id',
  'release fails',
  'lease fails',
  'fill is lost',
  'note the transactions under way',
  'see no intent',
  'see an intent',
  'open the gate',
  'outage',
  'snapshot is saved',
  'Redis returns intact',
  'Redis returns empty',
  'Redis returns with a snapshot',
  'Redis returns as its replica',
  'the replica catches up',
])
