import type { Step } from '../../explore.ts'
import type { Flaw, Relay, Release, Rollout } from './rollout.ts'

/** Every step that any relay can take, with the protocol built as it is, or with a flaw. */
export function rolloutSteps(flaw?: Flaw): (state: Rollout) => Iterable<Step<Rollout>> {
  return (state) => stepsOf(state, flaw)
}

function* stepsOf(state: Rollout, flaw: Flaw | undefined): Iterable<Step<Rollout>> {
  for (const [index, self] of state.relays.entries()) {
    const actor = `relay ${index}, ${self.release}`
    const turn = { state, index, self, flaw }
    for (const step of self.isUp ? runningSteps(turn) : startSteps(turn)) yield { actor, ...step }
  }
  if (state.owner >= 0)
    yield { actor: 'time', name: 'the lease ends', next: { ...state, owner: -1 } }
  if (state.relays.some(({ isMissed }) => isMissed) && !state.relays.some(hasStatement))
    yield { actor: 'time', name: 'a minute passes', next: afterMinute(state) }
}

interface Turn {
  readonly state: Rollout
  readonly index: number
  readonly self: Relay
  readonly flaw: Flaw | undefined
}

type Unnamed = Omit<Step<Rollout>, 'actor'>

function* startSteps(turn: Turn): Iterable<Unnamed> {
  const { self } = turn
  if (self.starts > 0) yield register({ ...turn, self: { ...self, starts: self.starts - 1 } })
}

function* runningSteps(turn: Turn): Iterable<Unnamed> {
  const { state, index, self } = turn
  yield* self.statement === undefined ? statements(turn) : carryOut(turn)
  // A fence that is not the table's makes an acknowledgement change nothing.
  if (self.ownership === 'current')
    yield {
      name: 'acknowledge',
      next: state,
      isViolation: state.registered !== self.release,
    }
  if (self.isWaiting && !state.relays.some(({ isSeen }) => isSeen))
    yield { ...register(turn), name: 'register again' }
  const ended: Relay = {
    ...self,
    isUp: false,
    isWaiting: false,
    hasJoined: false,
    ownership: 'none',
    statement: undefined,
  }
  yield {
    name: 'leave',
    next: {
      ...withRelay(turn, { ...ended, isSeen: false }),
      owner: state.owner === index ? -1 : state.owner,
    },
  }
  if (state.crashes > 0)
    yield {
      name: 'crash',
      next: {
        ...withRelay(turn, { ...ended, isMissed: self.isSeen }),
        crashes: state.crashes - 1,
      },
    }
}

function* statements(turn: Turn): Iterable<Unnamed> {
  const { state, self, flaw } = turn
  const isRegistered = state.registered === self.release
  const begin = (name: 'pulse' | 'claim'): Unnamed => ({
    name: `begin to ${name}`,
    next: withRelay(turn, { ...self, statement: { name, isRegistered } }),
  })
  yield flaw === 'a-pulse-takes-no-lock' ? begin('pulse') : pulse(turn, isRegistered)
  if (self.isWaiting) return
  if (self.ownership === 'none')
    yield flaw === 'a-claim-takes-no-lock' ? begin('claim') : claim(turn, isRegistered)
  if (state.owner === turn.index && isRegistered) yield { name: 'reclaim', next: own(turn) }
}

function* carryOut(turn: Turn): Iterable<Unnamed> {
  const { name, isRegistered = false } = turn.self.statement ?? {}
  const ended = { ...turn, self: { ...turn.self, statement: undefined } }
  yield name === 'pulse' ? pulse(ended, isRegistered) : claim(ended, isRegistered)
}

function register(turn: Turn): Unnamed {
  const { state, self, flaw } = turn
  const isAlive = ({ release, hasJoined, isMissed }: Relay) =>
    release === state.registered && (hasJoined || isMissed)
  const hasSuccessor = state.relays.some(isAlive)
  const isRefused =
    state.registered !== self.release &&
    flaw !== 'a-restart-takes-over' &&
    state.superseded.includes(self.release) &&
    state.relays.some(({ isSeen }) => isSeen)
  const wasReplaced = state.superseded.includes(self.release) && state.registered !== self.release
  const started = {
    ...self,
    isUp: true,
    isWaiting: isRefused,
    hasJoined: !isRefused,
    isMissed: false,
  }
  if (isRefused)
    return {
      name: 'wait for the newer release',
      next: withRelay(turn, { ...started, isSeen: false }),
      isViolation: !hasSuccessor,
    }
  const isSeen = flaw === 'a-registration-names-no-relay' ? self.isSeen : true
  return {
    name: 'register',
    next: withRelay({ ...turn, state: replaced(turn) }, { ...started, isSeen }),
    isViolation: wasReplaced && hasSuccessor,
  }
}

/** The sink with this relay's definition, and no shard for those that have another one. */
function replaced({ state, self, flaw }: Turn): Rollout {
  const { registered, superseded, relays } = state
  if (registered === self.release) return state
  if (registered === undefined) return { ...state, registered: self.release }
  const others = (release: Release) => release !== self.release && release !== registered
  const keepsFence = flaw === 'a-registration-keeps-the-fence'
  return {
    ...state,
    registered: self.release,
    superseded: [...superseded.filter(others), registered],
    owner: -1,
    relays: relays.map((relay) => ({
      ...(keepsFence ? relay : outdated(relay)),
      hasJoined: false,
      isSeen: false,
      isMissed: false,
    })),
  }
}

function pulse(turn: Turn, isRegistered: boolean): Unnamed {
  const { state, index, self } = turn
  const isOwner = isRegistered && state.owner === index && self.ownership === 'current'
  return {
    name: 'pulse',
    next: withRelay(turn, {
      ...self,
      isSeen: isRegistered,
      hasJoined: state.registered === self.release,
      isWaiting: !isRegistered,
      ownership: isOwner ? 'current' : 'none',
    }),
  }
}

function claim(turn: Turn, isRegistered: boolean): Unnamed {
  const isGranted = isRegistered && turn.state.owner === -1
  return { name: 'claim', next: isGranted ? own(turn) : withRelay(turn, turn.self) }
}

function own(turn: Turn): Rollout {
  const relays = turn.state.relays.map(outdated)
  const state = { ...turn.state, relays, owner: turn.index }
  return withRelay({ ...turn, state }, { ...turn.self, ownership: 'current' })
}

function outdated(relay: Relay): Relay {
  return relay.ownership === 'current' ? { ...relay, ownership: 'stale' } : relay
}

function afterMinute(state: Rollout): Rollout {
  const forget = (relay: Relay): Relay =>
    relay.isUp ? relay : { ...relay, isSeen: false, isMissed: false }
  return { ...state, relays: state.relays.map(forget) }
}

function hasStatement({ statement }: Relay): boolean {
  return statement !== undefined
}

function withRelay({ state, index }: Turn, relay: Relay): Rollout {
  return { ...state, relays: state.relays.with(index, relay) }
}
