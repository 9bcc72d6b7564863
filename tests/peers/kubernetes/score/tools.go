// SPDX-License-Identifier: Apache-2.0

//go:build tools

// Names the programs, so that go.mod and go.sum pin all that they are built from.
package tools

import _ "github.com/zegl/kube-score/cmd/kube-score"
