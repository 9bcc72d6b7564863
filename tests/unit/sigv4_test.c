/* SPDX-License-Identifier: Apache-2.0 */
/* Amazon's published examples: "Signature Version 4 test suite", and those of the S3 documentation. */
#include "tests/unit/harness.h"

#include "worker/net/sigv4.h"

#define AT_2013 INT64_C(1369353600)
#define AT_2015 INT64_C(1440938160)

static const struct fc_http_aws SUITE = {.service = "service",
                                         .region = "us-east-1",
                                         .key_id = "AKIDEXAMPLE",
                                         .secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
static const struct fc_http_aws S3 = {.service = "s3",
                                      .region = "us-east-1",
                                      .key_id = "AKIAIOSFODNN7EXAMPLE",
                                      .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};

static void check(const struct fc_http_aws *aws, const struct fc_sigv4_request *request,
                  const char *names, const char *signature)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new((size_t)1 << 20);
    struct fc_error err = FC_ERROR_INIT;
    const char *const *headers = NULL;

    assert_int_equal(fc_sigv4_sign(aws, request, arena, &headers, &err), FC_OK);
    const char *at = strstr(headers[0], "SignedHeaders=");
    assert_non_null(at);
    assert_string_equal(at,
                        fc_arena_printf(arena, "SignedHeaders=%s, Signature=%s", names, signature));
}

static void plain_requests(void **state FC_UNUSED)
{
    check(&SUITE,
          &(struct fc_sigv4_request){
              .method = "GET", .host = "example.amazonaws.com", .path = "/", .seconds = AT_2015},
          "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
    check(&SUITE,
          &(struct fc_sigv4_request){
              .method = "POST", .host = "example.amazonaws.com", .path = "/", .seconds = AT_2015},
          "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
}

static void parameters_are_sorted(void **state FC_UNUSED)
{
    check(&SUITE,
          &(struct fc_sigv4_request){.method = "GET",
                                     .host = "example.amazonaws.com",
                                     .path = "/",
                                     .query = "Param2=value2&Param1=value1",
                                     .seconds = AT_2015},
          "host;x-amz-date", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
}

static void header_values_are_trimmed(void **state FC_UNUSED)
{
    static const char *const headers[] = {"My-Header1:    value1", "My-Header2: \"a   b   c\"",
                                          NULL};

    check(&SUITE,
          &(struct fc_sigv4_request){.method = "GET",
                                     .host = "example.amazonaws.com",
                                     .path = "/",
                                     .headers = headers,
                                     .seconds = AT_2015},
          "host;my-header1;my-header2;x-amz-date",
          "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736");
}

static void s3_examples(void **state FC_UNUSED)
{
    static const char *const range[] = {"Range: bytes=0-9", NULL};

    check(&S3,
          &(struct fc_sigv4_request){.method = "GET",
                                     .host = "examplebucket.s3.amazonaws.com",
                                     .path = "/test.txt",
                                     .headers = range,
                                     .seconds = AT_2013},
          "host;range;x-amz-content-sha256;x-amz-date",
          "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
    check(&S3,
          &(struct fc_sigv4_request){.method = "GET",
                                     .host = "examplebucket.s3.amazonaws.com",
                                     .path = "/",
                                     .query = "lifecycle",
                                     .seconds = AT_2013},
          "host;x-amz-content-sha256;x-amz-date",
          "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    check(&S3,
          &(struct fc_sigv4_request){.method = "GET",
                                     .host = "examplebucket.s3.amazonaws.com",
                                     .path = "/",
                                     .query = "max-keys=2&prefix=J",
                                     .seconds = AT_2013},
          "host;x-amz-content-sha256;x-amz-date",
          "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

/* Escapes that a sender may write in several ways are signed in the one way that the receiver reads. */
static void spelling_of_parameters_does_not_matter(void **state FC_UNUSED)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new((size_t)1 << 20);
    static const char *const same[] = {"b=%2f%7e&a", "a=&b=%2F~"};
    struct fc_error err = FC_ERROR_INIT;
    const char *const *first = NULL, *const *second = NULL;
    struct fc_sigv4_request request = {
        .method = "GET", .host = "h", .path = "/", .query = same[0], .seconds = AT_2015};

    assert_int_equal(fc_sigv4_sign(&SUITE, &request, arena, &first, &err), FC_OK);
    request.query = same[1];
    assert_int_equal(fc_sigv4_sign(&SUITE, &request, arena, &second, &err), FC_OK);
    assert_string_equal(first[0], second[0]);
}

static void session_token_is_signed_and_sent(void **state FC_UNUSED)
{
    FC_CLEANUP(fc_arena_freep) struct fc_arena *arena = fc_arena_new((size_t)1 << 20);
    struct fc_http_aws aws = S3;
    struct fc_error err = FC_ERROR_INIT;
    const char *const *headers = NULL;
    const struct fc_sigv4_request request = {
        .method = "GET", .host = "h", .path = "/", .seconds = AT_2013};

    aws.token = "session/token==";
    assert_int_equal(fc_sigv4_sign(&aws, &request, arena, &headers, &err), FC_OK);
    assert_non_null(strstr(headers[0], ";x-amz-security-token,"));
    assert_string_equal(headers[1], "X-Amz-Date: 20130524T000000Z");
    assert_string_equal(headers[2], "X-Amz-Security-Token: session/token==");
    assert_null(strstr(headers[0], aws.secret));
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(plain_requests),
    cmocka_unit_test(parameters_are_sorted),
    cmocka_unit_test(header_values_are_trimmed),
    cmocka_unit_test(s3_examples),
    cmocka_unit_test(spelling_of_parameters_does_not_matter),
    cmocka_unit_test(session_token_is_signed_and_sent),
};

FC_TEST_MAIN(cases)
