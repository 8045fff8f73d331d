#!/usr/bin/env bash
# The licences of the project and of what is linked into its programs, in Debian's format
# (debian.org/doc/packaging-manuals/copyright-format/1.0), to standard output.
set -euo pipefail
cd "$(dirname "$0")/.."
checkouts=.build/static/checkouts
indented() { sed -e 's/[[:space:]]*$//' -e 's/^$/./' -e 's/^/ /' "$1"; }
notices() { # what, file
  [ ! -e "$2" ] || { echo "Comment: the NOTICE of $1:"; indented "$2"; }
}
cat <<END
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: crisp-server
Comment: The packages named below, and the Swift runtime with Foundation, libdispatch and ICU, are
 linked into the programs.

Files: *
Copyright: the CRISP server authors
License: Apache-2.0

Files: swift-runtime swift-argument-parser swift-protobuf
Copyright: Apple Inc. and the Swift project authors
License: Apache-2.0
Comment: with the Runtime Library Exception of the Swift project.

Files: swift-log
Copyright: Apple Inc. and the Swift Logging API project authors
License: Apache-2.0
$(notices swift-log "$checkouts/swift-log/NOTICE.txt")

Files: swift-http-types
Copyright: Apple Inc. and the Swift HTTP Types project authors
License: Apache-2.0
$(notices swift-http-types "$checkouts/swift-http-types/NOTICE.txt")

Files: GRDB.swift
Copyright: $(sed -n 's/^Copyright (C) //p' "$checkouts/GRDB.swift/LICENSE")
License: Expat

Files: icu
Copyright: Unicode, Inc.
License: Unicode-3.0
 Permission is hereby granted, free of charge, to any person obtaining a copy of data files and any
 associated documentation (the "Data Files") or software and any associated documentation (the
 "Software") to deal in the Data Files or Software without restriction, including without limitation
 the rights to use, copy, modify, merge, publish, distribute, and/or sell copies of the Data Files or
 Software, and to permit persons to whom the Data Files or Software are furnished to do so, provided
 that either (a) this copyright and permission notice appear with all copies of the Data Files or
 Software, or (b) this copyright and permission notice appear in associated Documentation.
 .
 THE DATA FILES AND SOFTWARE ARE PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED,
 INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
 NONINFRINGEMENT OF THIRD PARTY RIGHTS.
 .
 IN NO EVENT SHALL THE COPYRIGHT HOLDER OR HOLDERS INCLUDED IN THIS NOTICE BE LIABLE FOR ANY CLAIM, OR
 ANY SPECIAL INDIRECT OR CONSEQUENTIAL DAMAGES, OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE,
 DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF
 OR IN CONNECTION WITH THE USE OR PERFORMANCE OF THE DATA FILES OR SOFTWARE.

License: Expat
$(sed -n '/^Permission/,$p' "$checkouts/GRDB.swift/LICENSE" | sed -e 's/^$/./' -e 's/^/ /')

License: Apache-2.0
 On Debian systems the text is in /usr/share/common-licenses/Apache-2.0; it is also in the file
 LICENSE of the project.
END
