using Audit.Node.Pages.Shared;

namespace Audit.Node.Pages.SignIn;

public sealed record SignInView(string FormSecret, string Return, string? Wrong);
