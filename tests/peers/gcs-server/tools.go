// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Package tools names the server, so that go.mod pins it.
package tools

import _ "github.com/fsouza/fake-gcs-server"
