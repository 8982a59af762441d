import { createRepositories, repositoriesMigrations } from '@headwater/repositories'
import { createCourseSearch, hashingEmbedder, searchMigrations } from '@headwater/search'
import { defineConfig } from '../src/index.ts'

export default defineConfig({
  migrate: { sets: [repositoriesMigrations, searchMigrations] },
  services: (stores) => {
    const repositories = createRepositories(stores)
    const { courses, activity } = repositories
    const search = createCourseSearch(stores, { courses, activity, embedder: hashingEmbedder() })
    return { ...repositories, search, resyncables: repositories.resyncables }
  },
})
