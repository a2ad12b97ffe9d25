declare module 'sodium-native'
