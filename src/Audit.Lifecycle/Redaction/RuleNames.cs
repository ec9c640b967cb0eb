namespace Audit.Lifecycle.Redaction;

/// <summary>The names of the built-in rules. They stand in events for ever.</summary>
public static class RuleNames
{
    internal const string AwsKey = "aws-key";
    internal const string GoogleKey = "google-key";
    internal const string AzureKey = "azure-key";
    internal const string GitHubToken = "github-token";
    internal const string GitLabToken = "gitlab-token";
    internal const string SlackToken = "slack-token";
    internal const string StripeKey = "stripe-key";
    internal const string AiKey = "ai-key";
    internal const string NpmToken = "npm-token";
    internal const string PyPiToken = "pypi-token";
    internal const string HuggingFaceToken = "huggingface-token";
    internal const string ServiceToken = "service-token";
    internal const string AuditToken = "audit-token";
    internal const string Jwt = "jwt";
    internal const string Authorization = "authorization";
    internal const string PrivateKey = "private-key";
    internal const string UrlPassword = "url-password";
    internal const string CommandPassword = "command-password";
    internal const string Password = "password";
    internal const string NamedSecret = "named-secret";

    public static IReadOnlyList<string> BuiltIn { get; } =
    [
        AiKey, AuditToken, Authorization, AwsKey, AzureKey, CommandPassword, GitHubToken, GitLabToken, GoogleKey,
        HuggingFaceToken, Jwt, NamedSecret, NpmToken, Password, PrivateKey, PyPiToken, ServiceToken, SlackToken,
        StripeKey, UrlPassword,
    ];
}
