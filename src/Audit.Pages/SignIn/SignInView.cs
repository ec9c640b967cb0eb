using Audit.Pages.Shared;

namespace Audit.Pages.SignIn;

public sealed record SignInView(string FormSecret, string Return, string? Wrong);
