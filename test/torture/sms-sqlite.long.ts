import { tortureSms } from './long.ts'

tortureSms('sqlite')
