"""The ways out of the house: webhooks over HTTPS, e-mails over SMTP.  No database here.

::

    targets    which addresses may be reached at all
    webhooks   one signed POST, to the address that was checked
    mail       one e-mail
"""
