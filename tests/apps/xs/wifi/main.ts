/** The app that starts when the network is there. */

trace("the app has started\n");
