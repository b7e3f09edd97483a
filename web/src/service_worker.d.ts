/**
 * For a service worker of your site, one of type "module": importing this makes it answer requests for pictures of its own
 * origin. JPEGs with a neural gain map come out as Ultra HDR, all else as it came. See README.md.
 */
export {};
