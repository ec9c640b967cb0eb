namespace Audit.Lifecycle.Redaction;

/// <summary>The names of the built-in rules. They stand in events for ever.</summary>
public static class RuleNames
{
    internal const string AwsKey = "aws-key", GoogleKey = "google-key", AzureKey = "azure-key",
        GitHubToken = "github-token", GitLabToken = "gitlab-token", SlackToken = "slack-token",
        StripeKey = "stripe-key", AiKey = "ai-key", NpmToken = "npm-token", PyPiToken = "pypi-token",
        HuggingFaceToken = "huggingface-token", ServiceToken = "service-token", AuditToken = "audit-token",
        Jwt = "jwt", Authorization = "authorization", PrivateKey = "private-key", UrlPassword = "url-password",
        CommandPassword = "command-password", Password = "password", Cookie = "cookie", NamedSecret = "named-secret";

    public static IReadOnlyList<string> BuiltIn { get; } =
    [
        AiKey, AuditToken, Authorization, AwsKey, AzureKey, CommandPassword, Cookie, GitHubToken, GitLabToken,
        GoogleKey, HuggingFaceToken, Jwt, NamedSecret, NpmToken, Password, PrivateKey, PyPiToken, ServiceToken,
        SlackToken, StripeKey, UrlPassword,
    ];
}
