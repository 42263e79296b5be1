/* Gives the network interface; NULL says that there is no network yet. */
void *esp_netif_get_default_netif(void);
