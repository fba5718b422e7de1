import { tortureSms } from './long.ts'

tortureSms('postgres')
