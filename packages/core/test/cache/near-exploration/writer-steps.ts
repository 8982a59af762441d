import type { Step } from '../../explore.ts'
import {
  change,
  committed,
  done,
  type Entry,
  held,
  hold,
  idle,
  listedFirst,
  type Member,
  noEntry,
  published,
  releasing,
  type State,
  waiting,
  type Writer,
} from './state.ts'
import { hashOf, masterOf, newHash, onMaster, type Turn, withoutHold, writerStep } from './turn.ts'

type Change = (self: Writer, next: State) => void

/** What a writer can do next: hold, publish and list, commit, release. Any step may be its last. */
export function* writerSteps(turn: Turn, index: number): Iterable<Step<State>> {
  const writer = turn.state.writers[index] as Writer
  const { setting, flaw } = turn
  const move = (name: string, of: Change) => writerStep(turn, index, { name, change: of })
  const listsFirst = flaw === 'listed-before-the-hold'
  const { at } = writer
  if (at === idle && !isItsTurn(turn, index)) return
  if (at === idle && listsFirst)
    yield move('publish and list', (self, next) => {
      list(turn, next, index)
      self.at = listedFirst
    })
  if ((at === idle && !listsFirst) || at === listedFirst)
    yield move('hold', (self, next) => {
      takeHold(turn, next, index)
      self.at = listsFirst ? waiting : held
    })
  if (at === held)
    yield move('publish and list', (self, next) => {
      list(turn, next, index)
      self.at = waiting
    })
  if (at === held && flaw === 'lost-script-is-waited-out')
    yield move('lose the script and wait', (self, next) => {
      next.births += 1
      Object.assign(self, { at: waiting, wait: setting.memberTicks, birth: next.births })
    })
  if (at === waiting) yield* ending(turn, index)
  if (at === committed)
    yield move('release', (_, next) => {
      release(turn, next, index)
    })
  if (at === releasing)
    yield move('publish once more', (self, next) => {
      list(turn, next, index)
      self.at = published
    })
  if (at === published && hasWaited(turn, writer))
    yield move('have released', (_, next) => {
      finish(turn, next, index)
    })
  if (setting.holdTicks !== undefined && at === waiting && writer.deadline === 0)
    yield move('be cut off', (self) => {
      self.at = committed
    })
  yield* tidying(turn, index)
}

/** Writers that do the same begin in their order, which leaves nothing out. */
function isItsTurn({ state, setting }: Turn, index: number): boolean {
  const isAlike = index > 0 && setting.writers[index - 1] === setting.writers[index]
  return !isAlike || state.writers[index - 1]?.at !== idle
}

function* ending(turn: Turn, index: number): Iterable<Step<State>> {
  const { setting, flaw } = turn
  const writer = turn.state.writers[index] as Writer
  const move = (name: string, of: Change) => writerStep(turn, index, { name, change: of })
  const isInTime = setting.holdTicks === undefined || writer.deadline > 0
  if (isInTime && hasWaited(turn, writer))
    yield move('COMMIT', (self, next) => {
      if (setting.writers[index] !== 'other') next.database |= 1 << index
      self.at = committed
    })
  if (setting.rollsBack === true)
    yield move('ROLLBACK', (self) => {
      self.at = committed
    })
  if (setting.renewsHolds === true && isInTime)
    yield move('renew the hold', (self, next) => {
      const isUnbroken = hasHold(turn, next, index)
      takeHold(turn, next, index)
      if (!isUnbroken && flaw !== 'broken-hold-is-only-renewed') self.at = held
    })
}

/** Whether everybody who may have the value has dropped it, or may not serve it any more. */
function hasWaited({ setting, flaw }: Turn, { listed, acked, wait, birth }: Writer): boolean {
  if (flaw === 'no-wait') return true
  if (flaw === 'gives-up-on-acknowledgements' && wait < setting.memberTicks) return true
  return wait === 0 || (birth === 0 && (listed & ~acked) === 0)
}

/** The hold script. A second one for the same writer says only whether the first was unbroken. */
function takeHold({ setting, flaw }: Turn, next: State, index: number): void {
  const self = next.writers[index] as Writer
  const bit = 1 << index
  const { entry, tag } = masterOf(next)
  if (setting.writers[index] === 'entry')
    onMaster(next, { entry: { ...noEntry, kind: hold, mask: ownersOf(entry) | bit } })
  if (setting.writers[index] === 'tag' && (tag.owners & bit) === 0)
    onMaster(next, { tag: { owners: tag.owners | bit, version: tag.version + 1 } })
  next.lostHolds &= ~bit
  if (setting.holdTicks === undefined) return
  if (self.at === idle || self.at === listedFirst) self.deadline = setting.holdTicks
  self.holdLeft = setting.holdTicks - (flaw === 'hold-ends-before-the-cut-off' ? 1 : 0)
}

function ownersOf({ kind, mask }: Entry): number {
  return kind === hold ? mask : 0
}

function hasHold({ setting }: Turn, next: State, index: number): boolean {
  const { entry, tag } = masterOf(next)
  const target = setting.writers[index]
  if (target === 'other') return true
  return ((target === 'tag' ? tag.owners : ownersOf(entry)) & (1 << index)) !== 0
}

/** The members script: publishes a change, and returns the members. */
function list(turn: Turn, next: State, index: number): void {
  const self = next.writers[index] as Writer
  const known = hashOf(turn, masterOf(next))
  const hash = known ?? newHash(turn, next, 0)
  if (known === undefined) onMaster(next, { hash })
  self.round += 1
  Object.assign(self, { listed: hash.epochs, unrenewed: hash.epochs, acked: 0 })
  const mustWait = hash.epochs !== 0 || !hash.isSettled
  self.wait = mustWait ? turn.setting.memberTicks : 0
  self.birth = hash.isSettled ? 0 : hash.birth
  const message = change + index + 4 * self.round
  const hears = ({ isSubscribed, server }: Member) => isSubscribed && server === next.active
  next.members = next.members.map((member) =>
    hears(member) ? { ...member, inbox: [...member.inbox, message] } : member,
  )
}

/** One that finds its hold gone deletes what is there, and does not count as done. */
function release(turn: Turn, next: State, index: number): void {
  const self = next.writers[index] as Writer
  const isUnbroken = hasHold(turn, next, index)
  onMaster(next, withoutHold(masterOf(next), 1 << index))
  if (!isUnbroken) {
    const { entry, tag } = masterOf(next)
    if (turn.setting.writers[index] === 'tag')
      onMaster(next, { tag: { ...tag, version: tag.version + 1 } })
    else if (entry.kind !== hold) onMaster(next, { entry: noEntry })
  }
  if (isUnbroken || turn.flaw === 'broken-release-is-not-published') finish(turn, next, index)
  else self.at = releasing
}

function finish(turn: Turn, next: State, index: number): void {
  const self = next.writers[index] as Writer
  next.lostHolds &= ~(1 << index)
  Object.assign(self, { at: done, holdLeft: 0, deadline: 0, round: 0 })
  const isOfUse = isSomebodyToList({ ...turn, state: next })
  if (!isOfUse) self.birth = 0
  if (!isOfUse || (self.listed & ~self.acked & self.unrenewed) === 0)
    Object.assign(self, { listed: 0, acked: 0, unrenewed: 0 })
  if (self.listed === 0 && self.birth === 0) self.wait = 0
}

/** Once it has waited: a young hash becomes settled, and silent members are removed. */
function* tidying(turn: Turn, index: number): Iterable<Step<State>> {
  const { flaw } = turn
  const writer = turn.state.writers[index] as Writer
  const { at, wait, birth, listed, acked, unrenewed } = writer
  const move = (name: string, of: Change) => writerStep(turn, index, { name, change: of })
  if (at < waiting || !isSomebodyToList(turn)) return
  if (wait === 0 && birth !== 0)
    yield move('settle', (self, next) => {
      settle(turn, next, birth)
      self.birth = 0
    })
  const isEarly = flaw === 'removal-before-the-wait'
  const silent = isEarly ? unrenewed : listed & ~acked
  const victims = flaw === 'removal-that-hides-a-member' ? silent : silent & unrenewed
  const { hash } = masterOf(turn.state)
  if ((wait === 0 || isEarly) && victims !== 0)
    yield move('remove who is silent', (self, next) => {
      if (hash !== undefined) onMaster(next, { hash: { ...hash, epochs: hash.epochs & ~victims } })
      Object.assign(self, { listed: listed & ~victims, unrenewed: unrenewed & ~victims })
    })
}

/** Whether the hash is read once more: without that, what is in it makes no difference. */
function isSomebodyToList({ state, setting }: Turn): boolean {
  const { troubles, holdTicks } = setting
  const { evictions = 0, flushes = 0, restarts = 0, promotions = 0 } = troubles ?? {}
  const losesHolds = holdTicks !== undefined || evictions + flushes + restarts + promotions > 0
  return state.writers.some(({ at }) => at < waiting || (losesHolds && at <= releasing))
}

function settle(turn: Turn, next: State, birth: number): void {
  const { hash, history } = masterOf(next)
  if (turn.flaw === 'settled-whatever-the-birth')
    onMaster(next, {
      hash: { ...(hash ?? { history, birth: 0, epochs: 0 }), isSettled: true },
    })
  else if (hash?.birth === birth) onMaster(next, { hash: { ...hash, isSettled: true } })
}
