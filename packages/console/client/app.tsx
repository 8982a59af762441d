import { useSignal } from '@preact/signals'
import type { FunctionComponent } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { ScreenName, Viewer } from '../src/contract/screens.ts'
import { Contained } from './contained.tsx'
import { Notice } from './notice.tsx'
import { screen } from './route.ts'
import { Activity } from './screens/activity.tsx'
import { Audit } from './screens/audit.tsx'
import { Caches } from './screens/caches.tsx'
import { Members } from './screens/members.tsx'
import { Outbox } from './screens/outbox.tsx'
import { Overview } from './screens/overview.tsx'
import { Search } from './screens/search.tsx'
import { Sessions } from './screens/sessions.tsx'
import { show } from './server.ts'
import { viewer } from './viewer.ts'

interface Entry {
  readonly title: string
  readonly Screen: FunctionComponent
}

const entries: Readonly<Record<ScreenName, Entry>> = {
  overview: { title: 'Overview', Screen: Overview },
  caches: { title: 'Caches', Screen: Caches },
  outbox: { title: 'Outbox', Screen: Outbox },
  search: { title: 'Search', Screen: Search },
  activity: { title: 'Activity', Screen: Activity },
  sessions: { title: 'Sessions and limits', Screen: Sessions },
  members: { title: 'Members', Screen: Members },
  audit: { title: 'Audit', Screen: Audit },
}

/** The frame of every screen: who is here, the menu, what was done. */
export function App() {
  const reason = useSignal<string | undefined>(undefined)
  useEffect(() => {
    void show<Viewer>('viewer').then((answer) => {
      if (answer.isOk) viewer.value = answer.value
      else reason.value = answer.reason
    })
  }, [])
  if (reason.value !== undefined) return <p class="unavailable">{reason.value}</p>
  if (viewer.value === undefined) return <p class="quiet">Loading…</p>
  return <Frame viewer={viewer.value} />
}

function Frame({ viewer: { name, access, screens } }: { readonly viewer: Viewer }) {
  const shown = screens.find((one) => one === screen.value) ?? 'overview'
  const { title, Screen } = entries[shown]
  const heading = useFocusOnChange(shown)
  document.title = `${title} · Headwater`
  return (
    <>
      <a class="skip" href="#content" onClick={(event) => skipTo(event, heading.current)}>
        Skip to the content
      </a>
      <header>
        <strong class="brand">Headwater</strong>
        <nav aria-label="Screens">
          <ul>
            {screens.map((one) => (
              <li key={one}>
                <a href={`#${one}`} aria-current={one === shown ? 'page' : undefined}>
                  {entries[one].title}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <span class="quiet who">
          {name} · {access === 'operate' ? 'may act' : 'may look'}
        </span>
      </header>
      <Notice />
      <main>
        <h1 id="content" tabIndex={-1} ref={heading}>
          {title}
        </h1>
        <Contained key={shown}>
          <Screen />
        </Contained>
      </main>
    </>
  )
}

/** Another screen begins at its heading, as another page would. */
function useFocusOnChange(shown: ScreenName) {
  const heading = useRef<HTMLHeadingElement>(null)
  const last = useRef(shown)
  useEffect(() => {
    if (last.current !== shown) heading.current?.focus()
    last.current = shown
  }, [shown])
  return heading
}

/** The address names the screen, so that a jump within it must not change it. */
function skipTo(event: Event, target: HTMLElement | null): void {
  event.preventDefault()
  target?.focus()
}
