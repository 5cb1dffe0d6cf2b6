"""Runs calls of one AWS service that come as JSON lines, with boto3 or with the code of the AWS CLI.

Arguments: `boto3` or `cli`, the service, the endpoint. Credentials come from the environment. The first line that is written
has the operations that this version knows; then a line follows for each call, {"output": ...} or {"error": code, "message": ...}.
"""

import base64
import contextlib
import datetime
import io
import json
import re
import sys

KIND, SERVICE, ENDPOINT = sys.argv[1:4]


def plain(value):
    if isinstance(value, datetime.datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(repr(value))


def with_bytes(value, form):
    """Puts {"$bytes": base64} in the form that the client takes."""
    if isinstance(value, dict):
        if "$bytes" in value:
            return form(value["$bytes"])
        return {key: with_bytes(each, form) for key, each in value.items()}
    if isinstance(value, list):
        return [with_bytes(each, form) for each in value]
    return value


def boto3_driver():
    import boto3
    import botocore.config
    import botocore.exceptions
    from botocore import xform_name

    config = botocore.config.Config(retries={"max_attempts": 0}, parameter_validation=False)
    client = boto3.client(SERVICE, endpoint_url=ENDPOINT, config=config)

    def call(operation, given):
        try:
            output = getattr(client, xform_name(operation))(**with_bytes(given, base64.b64decode))
        except botocore.exceptions.ClientError as error:
            return {"error": error.response["Error"]["Code"], "message": error.response["Error"]["Message"]}
        output.pop("ResponseMetadata", None)
        return {"output": output}

    return list(client.meta.service_model.operation_names), call


def cli_driver():
    from awscli.clidriver import create_clidriver

    try:
        from awscli.botocore import xform_name
    except ImportError:
        from botocore import xform_name

    driver = create_clidriver()
    known = driver.session.get_service_model(SERVICE).operation_names

    def call(operation, given):
        out, err = io.StringIO(), io.StringIO()
        arguments = [SERVICE, xform_name(operation, "-"), "--endpoint-url", ENDPOINT, "--output", "json"]
        arguments += ["--cli-input-json", json.dumps(with_bytes(given, str)), "--no-cli-pager"]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = driver.main([each for each in arguments if usable(each)])
        if status == 0:
            return {"output": json.loads(out.getvalue() or "{}")}
        found = re.search(r"An error occurred \((\w+)\).*operation(?: \(reached max retries: \d+\))?: (.*)", err.getvalue())
        if found is None:
            raise RuntimeError(err.getvalue())
        return {"error": found[1], "message": found[2]}

    return list(known), call


def usable(argument):
    """Version 1 of the CLI has no pager, and so no such option."""
    import awscli

    return argument != "--no-cli-pager" or not awscli.__version__.startswith("1.")


def main():
    names, call = boto3_driver() if KIND == "boto3" else cli_driver()
    print(json.dumps(names), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(call(request["operation"], request["input"]), default=plain), flush=True)


main()
