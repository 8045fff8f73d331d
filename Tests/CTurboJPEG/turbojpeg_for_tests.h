// libturbojpeg, with which tests write the JPEG pictures that they read.
#include <stdio.h>
#include <turbojpeg.h>
