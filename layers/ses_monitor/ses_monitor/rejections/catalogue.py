"""Each way in which SES answers a send: what it says, what that means, what to do, whether to try again. Pure.

Texts and replies are SES's:
https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html
https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from ses_monitor.core.check import Step
from ses_monitor.core.rejection import RetryPlan
from ses_monitor.rejections.phrases import CREDENTIALS_REFUSED

SMTP = "SMTP"
V1 = "API v1"
V2 = "API v2"

_GUIDE = "https://docs.aws.amazon.com/ses/latest/dg/"
_SMTP_PAGE = f"{_GUIDE}troubleshoot-smtp.html"
_API_PAGE = f"{_GUIDE}troubleshoot-error-messages.html"
_QUOTA_PAGE = f"{_GUIDE}manage-sending-quotas-errors.html"
_SANDBOX_PAGE = f"{_GUIDE}request-production-access.html"
_IDENTITY_PAGE = f"{_GUIDE}creating-identities.html"
_PAUSED_PAGE = f"{_GUIDE}faqs-enforcement.html"
_CREDENTIALS_PAGE = f"{_GUIDE}smtp-credentials.html"
_ACCESS_PAGE = f"{_GUIDE}control-user-access.html"

UNCHANGED = RetryPlan(False, (), "Do not repeat it unchanged: it fails until the steps are done.")
SMTP_AGAIN = RetryPlan(True, (5, 10, 30, 1200), "Try again after 5, 10 and 30 seconds, then every 20 minutes.")
"""https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html"""
BACK_OFF = RetryPlan(
    True,
    (1, 2, 4, 8, 16, 32, 60, 600),
    "Back off: wait longer after each failure, with some chance in it, for up to 10 minutes.",
)
"""Ten minutes are SES's: https://docs.aws.amazon.com/ses/latest/dg/manage-sending-quotas-errors.html"""
WINDOW = RetryPlan(
    True,
    (1200,),
    "It succeeds when the rolling 24 h window frees: as the mail sent a day ago leaves it. Try every 20 minutes.",
)
NOTHING = RetryPlan(False, (), "It succeeded: sending it again would send it twice.")


@dataclass(frozen=True, slots=True)
class Saying:
    """What SES says, in full, over one of its interfaces. Words in capitals or angle brackets vary."""

    interface: str
    text: str
    code: str = ""
    """The API's error code."""

    @property
    def whole(self) -> str:
        """Code and text, as SDKs write them; the code alone where AWS does not publish a text."""
        return ": ".join(part for part in (self.code, self.text) if part)


@dataclass(frozen=True, slots=True)
class Entry:
    """All about one tag. Cause and steps are templates over {region}, {identity}, {resource}, {user}, {action},
    {message_id}, {elsewhere}, and what `rejections.words` makes of them;
    `smtp_retry` is the plan where SES answered over SMTP and that differs."""

    tag: str
    title: str
    cause: str
    steps: tuple[Step, ...]
    retry: RetryPlan
    says: tuple[Saying, ...] = ()
    references: tuple[str, ...] = ()
    smtp_retry: RetryPlan | None = None


_NOT_VERIFIED = (
    "Email address is not verified. The following identities failed the check in region REGION: IDENTITY, IDENTITY"
)
_UNVERIFIED = (
    Saying(SMTP, f"554 Message rejected: {_NOT_VERIFIED}"),
    Saying(V1, _NOT_VERIFIED, "MessageRejected"),
    Saying(V2, _NOT_VERIFIED, "MessageRejected"),
)
_LOOK_IDENTITY = "aws sesv2 get-email-identity --region {region} --email-identity {identity}"
_LOOK_ACCOUNT = "aws sesv2 get-account --region {region}"
_VERIFY = Step(
    "Verify it in this region, then publish the DNS records that the answer lists, or follow the link that AWS mails"
    " to the address:",
    command="aws sesv2 create-email-identity --region {region} --email-identity {identity}",
)
_SENDS_FROM = Step("See what of the identity is verified in this region:", command=_LOOK_IDENTITY)

ENTRIES: tuple[Entry, ...] = (
    Entry(
        tag="RECIPIENT_UNVERIFIED_SANDBOX",
        title="The recipient is not verified, and the account is in the sandbox",
        cause="In {region} the account is in the sandbox: SES takes mail to verified addresses only, and {identity} is"
        " not one of them. Production access is granted per region.",
        steps=(
            Step("Check that ProductionAccessEnabled is false in this region:", command=_LOOK_ACCOUNT),
            Step(
                "Request production access for this region:",
                url="https://{region}.console.aws.amazon.com/ses/home?region={region}#/account",
            ),
            Step(
                "For a test until then, verify the recipient; AWS mails them a link:",
                command="aws sesv2 create-email-identity --region {region} --email-identity {identity}",
            ),
        ),
        retry=UNCHANGED,
        says=_UNVERIFIED,
        references=(_SANDBOX_PAGE, _API_PAGE),
    ),
    Entry(
        tag="SENDER_UNVERIFIED",
        title="The sender is not verified",
        cause="Neither {identity} nor its domain is verified in {region}. The From address must be, in the region that"
        " sends, whether or not the account is in the sandbox.",
        steps=(_SENDS_FROM, _VERIFY, Step("Or send from an address whose domain is verified in this region.")),
        retry=UNCHANGED,
        says=(*_UNVERIFIED, Saying(V1, "Identity IDENTITY is not verified or does not exist.", "MessageRejected")),
        references=(_IDENTITY_PAGE, _API_PAGE),
    ),
    Entry(
        tag="SENDER_VERIFIED_IN_OTHER_REGION",
        title="The sender is verified in another region than the one that sends",
        cause="{identity} is verified in {elsewhere}, but not in {region}. SES keeps identities per region.",
        steps=(
            Step("If you meant to send from there, send through {endpoint}."),
            Step(
                "Otherwise verify it in {region} too:",
                command="aws sesv2 create-email-identity --region {region} --email-identity {identity}",
            ),
        ),
        retry=UNCHANGED,
        says=_UNVERIFIED,
        references=(_IDENTITY_PAGE, f"{_GUIDE}regions.html"),
    ),
    Entry(
        tag="SENDER_PENDING",
        title="The sender's verification is not finished",
        cause="{identity} was added in {region}, but its verification is pending or failed.",
        steps=(
            Step("See its status and the DNS records that it needs:", command=_LOOK_IDENTITY),
            Step(
                "Publish the three DKIM records; for a single address, follow the link in AWS's mail. SES looks for 72"
                " hours; after that, start the verification again."
            ),
        ),
        retry=UNCHANGED,
        says=_UNVERIFIED,
        references=(_IDENTITY_PAGE,),
    ),
    Entry(
        tag="RETURN_PATH_UNVERIFIED",
        title="The Return-Path or Sender address is not verified",
        cause="{identity} is not the From address but the Return-Path (envelope sender), Source or Sender of the mail."
        " SES checks each of them, and it is not verified in {region}.",
        steps=(
            Step(
                "Set the envelope sender (Return-Path, `MAIL FROM`) to an address of a verified domain. Mail servers"
                " often put root@HOSTNAME or the address of the first sender there."
            ),
            Step(
                "Or verify that address too:",
                command="aws sesv2 create-email-identity --region {region} --email-identity {identity}",
            ),
        ),
        retry=UNCHANGED,
        says=_UNVERIFIED,
        references=(_IDENTITY_PAGE, _API_PAGE),
    ),
    Entry(
        tag="IDENTITY_UNVERIFIED",
        title="An address of the mail is not verified: sender or recipient",
        cause="SES in {region} refused the mail because an address in it is not verified: {identity}. The text does not"
        " tell whether that is a recipient (refused in the sandbox only), the sender, or the Return-Path.",
        steps=(
            Step("See whether the account is in the sandbox there (ProductionAccessEnabled):", command=_LOOK_ACCOUNT),
            Step("See whether the identity is verified there (VerifiedForSendingStatus):", command=_LOOK_IDENTITY),
            Step(
                "If it is a recipient: request production access. If it is a sender: verify its domain in this region."
            ),
        ),
        retry=UNCHANGED,
        says=(
            *_UNVERIFIED,
            Saying(SMTP, "554 Message rejected: Email address is not verified."),
            Saying(V1, "Email address is not verified.", "MessageRejected"),
            Saying(V1, "Identity IDENTITY is not verified or does not exist.", "MessageRejected"),
            Saying(V2, "Identity IDENTITY is not verified or does not exist.", "NotFoundException"),
        ),
        references=(_IDENTITY_PAGE, _SANDBOX_PAGE, _API_PAGE),
    ),
    Entry(
        tag="ACCOUNT_PAUSED_BY_AWS",
        title="AWS paused sending for the account",
        cause="AWS stopped the account's sending in {region}, mostly for bounces or complaints. The reason is in a mail"
        " to the account's address.",
        steps=(
            Step("Read the mail from AWS in the inbox of the account's address, and answer in its support case."),
            Step("See EnforcementStatus:", command=_LOOK_ACCOUNT),
            Step("Mend the cause before asking for a review; send from no other account meanwhile."),
        ),
        retry=UNCHANGED,
        says=tuple(
            Saying(
                interface,
                f"{reply}Sending paused for this account. For more information, please check the inbox of the email"
                " address associated with your AWS account.",
                code,
            )
            for interface, reply, code in (
                (SMTP, "554 Message rejected: ", ""),
                (V1, "", "MessageRejected"),
                (V2, "", "MessageRejected"),
                (V2, "", "SendingPausedException"),
            )
        ),
        references=(_PAUSED_PAGE,),
    ),
    Entry(
        tag="ACCOUNT_PAUSED_BY_OWNER",
        title="The account's owner paused sending",
        cause="Somebody, or an alarm, switched off sending for the account in {region}.",
        steps=(
            Step(
                "See SendingEnabled and EnforcementStatus; if the latter is not HEALTHY, it was AWS:",
                command=_LOOK_ACCOUNT,
            ),
            Step("Find who switched it off, and why: look for PutAccountSendingAttributes in CloudTrail."),
            Step(
                "When the reason is gone, switch it on again:",
                command="aws sesv2 put-account-sending-attributes --region {region} --sending-enabled",
            ),
        ),
        retry=UNCHANGED,
        says=(
            Saying(V1, "", "AccountSendingPausedException"),
            Saying(V2, "", "SendingPausedException"),
        ),
        references=(f"{_GUIDE}monitoring-sender-reputation-pausing.html",),
    ),
    Entry(
        tag="ACCOUNT_SUSPENDED",
        title="AWS restricted the account for good",
        cause="AWS permanently restricted the account's ability to send, in {region} at least.",
        steps=(
            Step("See EnforcementStatus:", command=_LOOK_ACCOUNT),
            Step("Only AWS can lift this: answer in the support case, with what you changed.", url=_PAUSED_PAGE),
        ),
        retry=UNCHANGED,
        says=(
            Saying(
                V2,
                "",
                "AccountSuspendedException",
            ),
        ),
        references=(_PAUSED_PAGE,),
    ),
    Entry(
        tag="CONFIGURATION_SET_PAUSED",
        title="Sending is paused for the configuration set",
        cause="Sending is switched off for {resource} in {region}; other mail is not concerned.",
        steps=(
            Step(
                "Look at its SendingOptions and ReputationOptions:",
                command="aws sesv2 get-configuration-set --region {region} --configuration-set-name {resource}",
            ),
            Step(
                "When the reason is gone, switch it on again:",
                command="aws sesv2 put-configuration-set-sending-options --region {region}"
                " --configuration-set-name {resource} --sending-enabled",
            ),
        ),
        retry=UNCHANGED,
        says=(
            Saying(V1, "Sending is paused for configuration set NAME", "ConfigurationSetSendingPausedException"),
            Saying(V2, "Sending is paused for configuration set NAME", "SendingPausedException"),
        ),
        references=(f"{_GUIDE}monitoring-sender-reputation-pausing.html",),
    ),
    Entry(
        tag="CONFIGURATION_SET_MISSING",
        title="The configuration set does not exist",
        cause="The mail names {resource} that does not exist in {region}. Configuration sets are kept per"
        " region; case counts. An identity's default set that was deleted says the same.",
        steps=(
            Step(
                "See which there are:",
                command="aws sesv2 list-configuration-sets --region {region}",
            ),
            Step(
                "Create it with its event destinations, or correct the name in the call or in the header"
                " X-SES-CONFIGURATION-SET:",
                command="aws sesv2 create-configuration-set --region {region} --configuration-set-name {resource}",
            ),
        ),
        retry=UNCHANGED,
        says=(
            Saying(V1, "Configuration set <NAME> does not exist.", "ConfigurationSetDoesNotExist"),
            Saying(V2, "Configuration set <NAME> does not exist.", "NotFoundException"),
            Saying(V1, "Configuration set does not exist", "ConfigurationSetDoesNotExist"),
        ),
        references=(f"{_GUIDE}using-configuration-sets.html", _API_PAGE),
    ),
    Entry(
        tag="MAIL_FROM_UNVERIFIED",
        title="The custom MAIL FROM domain is not set up",
        cause="The custom MAIL FROM domain of {identity} lacks its MX record, and the identity is set to reject mail"
        " until it is there, rather than to use amazonses.com.",
        steps=(
            Step("See MailFromAttributes:", command=_LOOK_IDENTITY),
            Step(
                "Publish the MX record on the MAIL FROM domain, with preference 10, and no other MX there: it points to"
                " {feedback_host}."
            ),
            Step(
                "Or let SES use its own domain while the record is missing:",
                command="aws sesv2 put-email-identity-mail-from-attributes --region {region}"
                " --email-identity {identity} --mail-from-domain {mail_from_domain}"
                " --behavior-on-mx-failure USE_DEFAULT_VALUE",
            ),
        ),
        retry=UNCHANGED,
        says=(
            Saying(V1, "Mail FROM domain is not verified.", "MailFromDomainNotVerifiedException"),
            Saying(V2, "Mail FROM domain is not verified.", "MailFromDomainNotVerifiedException"),
        ),
        references=(f"{_GUIDE}mail-from.html",),
    ),
    Entry(
        tag="TEMPLATE_MISSING",
        title="The template does not exist",
        cause="The call names {resource} that does not exist in {region}. Templates are kept per region; case counts.",
        steps=(
            Step("See which there are:", command="aws sesv2 list-email-templates --region {region}"),
            Step("Correct the name in the call, or create the template in this region."),
        ),
        retry=UNCHANGED,
        says=(
            Saying(V1, "Template NAME does not exist.", "TemplateDoesNotExist"),
            Saying(V2, "Template NAME does not exist.", "NotFoundException"),
        ),
        references=(f"{_GUIDE}send-personalized-email-api.html",),
    ),
    Entry(
        tag="DAILY_QUOTA_EXCEEDED",
        title="The daily quota is used up",
        cause="In the last 24 hours the account sent as many mails in {region} as its quota allows. Each recipient"
        " counts. The window rolls: what was sent a day ago leaves it.",
        steps=(
            Step("See Max24HourSend and SentLast24Hours:", command=_LOOK_ACCOUNT),
            Step("Keep the mail in a queue and send it later; stop what is less urgent."),
            Step(
                "If this is your normal volume, ask for a higher quota:",
                url="https://{region}.console.aws.amazon.com/servicequotas/home/services/ses/quotas",
            ),
        ),
        retry=WINDOW,
        says=(
            Saying(SMTP, "454 Throttling failure: Daily message quota exceeded"),
            Saying(V1, "Daily message quota exceeded.", "Throttling"),
            Saying(V2, "Daily message quota exceeded.", "LimitExceededException"),
            Saying(V2, "Daily message quota exceeded.", "TooManyRequestsException"),
        ),
        references=(_QUOTA_PAGE,),
    ),
    Entry(
        tag="SEND_RATE_EXCEEDED",
        title="Mail was sent faster than the account's rate",
        cause="More recipients a second than the account's maximum send rate in {region}.",
        steps=(
            Step("See MaxSendRate, recipients a second:", command=_LOOK_ACCOUNT),
            Step("Send slower: all senders of the account and region share the rate."),
            Step(
                "If you need more, ask for it:",
                url="https://{region}.console.aws.amazon.com/servicequotas/home/services/ses/quotas",
            ),
        ),
        retry=BACK_OFF,
        smtp_retry=SMTP_AGAIN,
        says=(
            Saying(SMTP, "454 Throttling failure: Maximum sending rate exceeded"),
            Saying(V1, "Maximum sending rate exceeded.", "Throttling"),
            Saying(V2, "Maximum sending rate exceeded.", "TooManyRequestsException"),
        ),
        references=(_QUOTA_PAGE,),
    ),
    Entry(
        tag="API_RATE_EXCEEDED",
        title="SES's API was called too often",
        cause="Too many calls a second to SES's API in {region}. Most calls other than sends are allowed once"
        " a second.",
        steps=(
            Step("Call less often, one after the other, and let the SDK repeat with its adaptive retry mode."),
            Step("Look for a job that lists or creates identities in a loop."),
        ),
        retry=BACK_OFF,
        smtp_retry=SMTP_AGAIN,
        says=(
            Saying(V1, "Rate exceeded", "Throttling"),
            Saying(V2, "Rate exceeded", "TooManyRequestsException"),
        ),
        references=(f"{_GUIDE}quotas.html",),
    ),
    Entry(
        tag="TOO_MANY_CONNECTIONS",
        title="Too many SMTP connections at once",
        cause="More SMTP connections are open to SES in {region} than it allows the account.",
        steps=(
            Step("Open fewer connections and send several mails over each; close idle ones."),
            Step("In Postfix, lower default_destination_concurrency_limit and set smtp_connection_cache_destinations."),
        ),
        retry=SMTP_AGAIN,
        says=(Saying(SMTP, "421 Too many concurrent SMTP connections"),),
        references=(_SMTP_PAGE,),
    ),
    Entry(
        tag="SES_TEMPORARY_FAILURE",
        title="SES failed for a moment",
        cause="SES in {region} could not take the mail just now. It is nothing in the mail.",
        steps=(
            Step("Try again as the plan says."),
            Step(
                "An API call that failed like this may have been accepted: tag each mail with an id of your"
                " own, and look"
                " for it in the events before you send again."
            ),
            Step("If it lasts, look at the service's health:", url="https://health.aws.amazon.com/health/status"),
        ),
        retry=SMTP_AGAIN,
        says=(
            Saying(SMTP, "451 Temporary service failure"),
            Saying(SMTP, "454 Temporary service failure"),
            Saying(V1, "", "ServiceUnavailable"),
            Saying(V1, "", "InternalFailure"),
            Saying(V2, "", "InternalServiceErrorException"),
        ),
        references=(_SMTP_PAGE, _API_PAGE),
    ),
    Entry(
        tag="CLIENT_TIMEOUT",
        title="SES waited too long for the client",
        cause="The client opened a connection and then sent nothing for so long that SES closed it.",
        steps=(
            Step("Close connections when nothing is left to send, and open a new one for the next mail."),
            Step("Look for a slow network, or for work that is done between DATA and the end of the mail."),
        ),
        retry=SMTP_AGAIN,
        says=(Saying(SMTP, "451 Timeout waiting for data from client"),),
        references=(_SMTP_PAGE,),
    ),
    Entry(
        tag="AUTHENTICATION_TEMPORARY_FAILURE",
        title="SES could not check the credentials just now",
        cause="SES failed for a moment while it checked the SMTP credentials. They may be right.",
        steps=(
            Step("Try again as the plan says, over a new connection."),
            Step("If it lasts, make sure that the user of the credentials still exists in IAM, with an active key."),
        ),
        retry=SMTP_AGAIN,
        says=(Saying(SMTP, "454 Temporary authentication failure"),),
        references=(_SMTP_PAGE,),
    ),
    Entry(
        tag="SMTP_AUTHENTICATION_REQUIRED",
        title="The client did not log in",
        cause="The client sent mail over SMTP without logging in.",
        steps=(
            Step("Set user name and password of SMTP credentials in the client, with STARTTLS on port 587."),
            Step("In Postfix, set smtp_sasl_auth_enable = yes and smtp_sasl_password_maps, and run postmap."),
        ),
        retry=UNCHANGED,
        says=(Saying(SMTP, "530 Authentication required"),),
        references=(_CREDENTIALS_PAGE, _SMTP_PAGE),
    ),
    Entry(
        tag="SMTP_CREDENTIALS_INVALID",
        title="The SMTP credentials are wrong",
        cause="SES in {region} does not know this user name and password. Most often they are an IAM access"
        " key (the SMTP"
        " password is derived from the secret key, it is not the secret key), were made for another region, or belong"
        " to a user or key that was deleted or made inactive.",
        steps=(
            Step(
                "Make SMTP credentials for this very region:",
                url="https://{region}.console.aws.amazon.com/ses/home?region={region}#/smtp",
            ),
            Step("Check that the client connects to {smtp_host}, the same region."),
            Step("Look for a blank or a line break at the end of the stored password."),
        ),
        retry=UNCHANGED,
        says=(Saying(SMTP, "535 Authentication Credentials Invalid"),),
        references=(_CREDENTIALS_PAGE, _SMTP_PAGE),
    ),
    Entry(
        tag="SMTP_CREDENTIALS_OLD",
        title="The SMTP credentials are of the old kind, which is throttled",
        cause="The SMTP password was derived in the old way (Signature Version 2); SES allows those a low rate only.",
        steps=(
            Step(
                "Make new SMTP credentials for this region and replace the old ones everywhere:",
                url="https://{region}.console.aws.amazon.com/ses/home?region={region}#/smtp",
            ),
            Step("Then deactivate the old access key in IAM."),
        ),
        retry=RetryPlan(False, (), "Repeating may succeed now and then; it ends only with new credentials."),
        says=(
            Saying(SMTP, "454 Throttling failure: Maximum SigV2 SMTP sending rate exceeded"),
            Saying(V1, "Maximum SigV2 SMTP sending rate exceeded", "Throttling"),
        ),
        references=(_CREDENTIALS_PAGE,),
    ),
    Entry(
        tag="NOT_SUBSCRIBED",
        title="The account has not signed up for SES",
        cause="The AWS account of these credentials is not signed up for SES in {region}.",
        steps=(
            Step("Open SES once in the console of that account and region, and finish what it asks for."),
            Step(
                "Check that the credentials are of the account that you think:", command="aws sts get-caller-identity"
            ),
        ),
        retry=UNCHANGED,
        says=(
            Saying(SMTP, "535 Account not subscribed to SES"),
            Saying(V1, "The AWS Access Key Id needs a subscription for the service", "OptInRequired"),
            Saying(V2, "The AWS Access Key Id needs a subscription for the service", "SubscriptionRequiredException"),
        ),
        references=(_SMTP_PAGE,),
    ),
    Entry(
        tag="ACCESS_DENIED",
        title="IAM or a sending policy does not allow the call",
        cause="{user} may not do {action} on {resource}: no policy of IAM allows it, or one denies it (also a service"
        " control policy, a permissions boundary, or the identity's sending authorization policy).",
        steps=(
            Step(
                "Ask IAM which policy decides:",
                command="aws iam simulate-principal-policy --policy-source-arn {user} --action-names {action}"
                " --resource-arns {resource}",
            ),
            Step(
                "Allow the action on that resource in a policy of the user or role. Mail over SMTP needs"
                " ses:SendRawEmail; a configuration set or template in the call is a resource too."
            ),
        ),
        retry=UNCHANGED,
        says=(
            Saying(
                SMTP, "554 Access denied: User <ARN> is not authorized to perform ses:SendRawEmail on resource <ARN>"
            ),
            Saying(V1, "User `ARN' is not authorized to perform `ses:SendEmail' on resource `ARN'", "AccessDenied"),
            Saying(
                V2,
                "User `ARN' is not authorized to perform `ses:SendEmail' on resource `ARN'",
                "AccessDeniedException",
            ),
        ),
        references=(_ACCESS_PAGE, _SMTP_PAGE),
    ),
    Entry(
        tag="MESSAGE_TOO_LONG",
        title="The mail is too big",
        cause="The mail, with its attachments as they are encoded, is bigger than SES takes: 40 MB by default over"
        " SMTP and the v2 API, 10 MB over the v1 API. Encoding adds about a third.",
        steps=(
            Step("Put big files somewhere else and send a link."),
            Step("With the v1 API, change to the v2 API or to SMTP."),
        ),
        retry=UNCHANGED,
        says=(
            Saying(SMTP, "552 Message is too long."),
            Saying(V1, "Message length is more than 10485760 bytes long: 'LENGTH'.", "InvalidParameterValue"),
        ),
        references=(f"{_GUIDE}quotas.html", _SMTP_PAGE),
    ),
    Entry(
        tag="ADDRESS_INVALID",
        title="An address is not written as addresses are",
        cause="{identity} is not written as an address is. It may lack its domain, have blanks or commas, or have"
        " letters outside ASCII in what stands before the @.",
        steps=(
            Step("Correct the address where it is stored; check addresses when people enter them."),
            Step(
                "Write domains with other letters in their xn-- form, and display names in MIME's encoding (RFC 2047)."
            ),
        ),
        retry=UNCHANGED,
        says=(
            Saying(SMTP, "553 <ADDRESS> Invalid email address"),
            Saying(SMTP, "501 Invalid MAIL FROM address provided"),
            Saying(SMTP, "501 Invalid RCPT TO address provided"),
            Saying(SMTP, "554 Transaction failed: Missing final '@domain'"),
            Saying(V1, "Missing final '@domain'", "InvalidParameterValue"),
            Saying(V1, "Illegal address", "InvalidParameterValue"),
            Saying(V1, "Domain contains illegal character", "InvalidParameterValue"),
            Saying(V1, "Local address contains control or whitespace", "InvalidParameterValue"),
            Saying(V2, "Local address contains control or whitespace", "BadRequestException"),
        ),
        references=(_SMTP_PAGE, _API_PAGE),
    ),
    Entry(
        tag="ADDRESS_UNKNOWN",
        title="SES does not know the address",
        cause="SES does not know {identity}: its domain takes no mail, or the address cannot be reached.",
        steps=(
            Step("Look for a misspelling, above all in the domain."),
            Step("Take the address off your lists until it is known to work."),
        ),
        retry=UNCHANGED,
        says=(Saying(SMTP, "553 <ADDRESS> address unknown"),),
        references=(_SMTP_PAGE,),
    ),
    Entry(
        tag="NO_RECIPIENTS",
        title="The mail has no recipients",
        cause="The call names nobody to send to: To, Cc and Bcc are empty.",
        steps=(Step("Look at the list of recipients just before the call: it was empty, or all were filtered out."),),
        retry=UNCHANGED,
        says=(
            Saying(V1, "There are no recipients specified", "InvalidParameterValue"),
            Saying(V2, "There are no recipients specified", "BadRequestException"),
        ),
        references=(_API_PAGE,),
    ),
    Entry(
        tag="INVALID_PARAMETER",
        title="Something in the call or in the mail's headers is not allowed",
        cause="SES understood the call and refuses a value in it; the text says which.",
        steps=(
            Step("Correct the value that the text names."),
            Step("Message tags: only ASCII letters, digits, `_` and `-`, at most 255 characters."),
        ),
        retry=UNCHANGED,
        says=(
            Saying(
                V1,
                "Invalid tag name <NAME>: only alphanumeric ASCII characters, '_',  '-' are allowed.",
                "InvalidParameterValue",
            ),
            Saying(
                V2,
                "Invalid tag name <NAME>: only alphanumeric ASCII characters, '_',  '-' are allowed.",
                "BadRequestException",
            ),
            Saying(V1, "Tag name cannot exceed 255 characters.", "InvalidParameterValue"),
            Saying(V2, "Tag name cannot exceed 255 characters.", "BadRequestException"),
            Saying(SMTP, "554 Transaction failed: Duplicate header 'NAME'."),
        ),
        references=(_API_PAGE,),
    ),
    Entry(
        tag="DELIVERED",
        title="SES took the mail",
        cause="This is no error: SES took the mail and will try to deliver it. Its message id is {message_id}.",
        steps=(Step("To learn what became of it, look for that id in SES's events."),),
        retry=NOTHING,
        says=(Saying(SMTP, "250 Ok <MESSAGE ID>"),),
        references=(_SMTP_PAGE,),
    ),
    Entry(
        tag="AUTHENTICATED",
        title="The client logged in",
        cause="This is no error: the SMTP credentials are right.",
        steps=(),
        retry=RetryPlan(False, (), "It succeeded."),
        says=(Saying(SMTP, "235 Authentication successful"),),
        references=(_SMTP_PAGE,),
    ),
    Entry(
        tag="UNRECOGNISED",
        title="Not a text of SES that is known here",
        cause="This text is not among SES's errors and replies that are known here.",
        steps=(
            Step("Look in it for the server that answered: a receiving server's reply is not SES's."),
            Step("If it is SES's, compare it with AWS's list:", url=_SMTP_PAGE),
        ),
        retry=RetryPlan(False, (), "Do not repeat it before you know what it means."),
        references=(_SMTP_PAGE, _API_PAGE),
    ),
)
_BY_TAG = MappingProxyType({each.tag: each for each in ENTRIES})


CREDENTIALS = Entry(
    tag="ACCESS_DENIED",
    title="AWS does not accept the caller's credentials",
    cause="AWS does not accept the credentials or the signature of the call to SES, so it did not come to asking"
    " whether {user} may send: the access key was deleted or made inactive, the session has expired, the secret key is"
    " another one's, or the clock of the host is wrong.",
    steps=(
        Step("On the host that sends, see which credentials are in use:", command="aws sts get-caller-identity"),
        Step(
            "Replace the access key, or renew the session. With a role of EC2, ECS or Lambda, give the program no keys"
            " of its own."
        ),
        Step("Check the host's clock: AWS takes signatures of the last 5 minutes."),
    ),
    retry=UNCHANGED,
    says=(
        Saying(V1, "The security token included in the request is invalid.", "InvalidClientTokenId"),
        Saying(V2, "The security token included in the request is invalid.", "UnrecognizedClientException"),
        Saying(
            V1,
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret"
            " Access Key and signing method.",
            "SignatureDoesNotMatch",
        ),
        Saying(V2, "The security token included in the request is expired", "ExpiredTokenException"),
        Saying(V1, "The security token included in the request is expired", "ExpiredToken"),
        Saying(V1, "", "IncompleteSignature"),
    ),
    references=("https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html", _ACCESS_PAGE),
)
"""ACCESS_DENIED where the code is one of `phrases.CREDENTIALS_REFUSED`: nobody's policy has to be looked at."""


def entry(tag: str, code: str = "") -> Entry:
    """Return the entry of a tag, that of the very code where it differs; an unknown tag is UNRECOGNISED."""
    if tag == CREDENTIALS.tag and code.removesuffix("Exception") in CREDENTIALS_REFUSED:
        return CREDENTIALS
    return _BY_TAG.get(tag, _BY_TAG["UNRECOGNISED"])
