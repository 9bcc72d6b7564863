# SPDX-License-Identifier: Apache-2.0
# docker buildx bake -f deploy/docker/bake.hcl --set image.tags=NAME:TAG --push
target "image" {
  context    = "."
  dockerfile = "deploy/docker/Dockerfile"
  platforms  = ["linux/amd64", "linux/arm64"]
}

group "default" {
  targets = ["image"]
}
