import { tortureMail } from './long.ts'

tortureMail('postgres')
